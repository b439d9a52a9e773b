"""How each case's intensities are mapped: measured once, over the whole volume, before any patch is cut."""

import logging
from collections.abc import Callable, Sequence

from volumen.config import Component, build_component
from volumen.data.cases import Case
from volumen.data.images import open_measured
from volumen.errors import VolumenError
from volumen.volumes import Intensity, IntensityMap, measure_intensity

logger = logging.getLogger(__name__)


def fit_normalisations(
    cases: Sequence[Case], component: Component, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, IntensityMap]:
    """What the normalisation does to each case, by case name: plain data that loaders carry to their workers.

    Every image is read once, a chunk at a time, however many cases are cut from it; channels count together. A value
    that is not a number is an error that names the case.
    """
    normalisation = build_component("normalisation", component)
    measured: dict[object, Intensity] = {}
    maps = {}
    for done, case in enumerate(cases, 1):
        part = (case.images, case.frame.measured or case.frame.crop)
        if part not in measured:
            measured[part] = _measure_case(case)
        maps[case.name] = normalisation.fit(measured[part])
        if progress is not None:
            progress(done, len(cases))
    return maps


def _measure_case(case: Case) -> Intensity:
    try:
        intensity = measure_intensity(open_measured(case))
    except VolumenError as error:
        raise type(error)(f"case {case.name}: {error}") from error
    if intensity.is_constant:
        logger.warning("case %s: every voxel of %s has the same value", case.name, case.image)
    return intensity
