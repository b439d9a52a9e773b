"""How each case's intensities are mapped: measured once, over the whole volume, before any patch is cut."""

import logging
from collections.abc import Callable, Sequence

from volumen.config import Component, build_component
from volumen.data.cases import Case
from volumen.errors import VolumenError
from volumen.volumes import IntensityMap, measure_intensity, open_volume

logger = logging.getLogger(__name__)


def fit_normalisations(
    cases: Sequence[Case], component: Component, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, IntensityMap]:
    """What the normalisation does to each case, by case name: plain data that loaders carry to their workers.

    Every image is read once, a chunk at a time; a value that is not a number is an error that names the case.
    """
    normalisation = build_component("normalisation", component)
    maps = {}
    for done, case in enumerate(cases, 1):
        try:
            intensity = measure_intensity(open_volume(case.image))
        except VolumenError as error:
            raise type(error)(f"case {case.name}: {error}") from error
        if intensity.is_constant:
            logger.warning("case %s: every voxel of %s has the same value", case.name, case.image)
        maps[case.name] = normalisation.fit(intensity)
        if progress is not None:
            progress(done, len(cases))
    return maps
