"""Whether a fold is judged by voxels that it learns from."""

from collections.abc import Iterator, Sequence

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.frames import Source
from volumen.data.naming import is_same_volume
from volumen.errors import DataError
from volumen.geometry import Box
from volumen.volumes import parse_spec


def check_leaks(cases: Sequence[Case], folds: Sequence[Fold]) -> None:
    """Raises when training and validation of a fold share a voxel of an image or of labels, naming where.

    A voxel is the same when its file is the same, links followed; copies of a file are not seen through.
    """
    known = {case.name: case for case in cases}
    faults = []
    for fold in folds:
        training, validation = ([known[name] for name in names] for names in (fold.training, fold.validation))
        shared = list(dict.fromkeys(find_shared(training, validation)))
        if shared:
            faults.append(f"fold {fold.number} trains on what it is judged by: {'; '.join(shared)}")
    if faults:
        raise DataError(f"{'. '.join(faults)}. Part them: data.split cuts one volume in slabs, or groups cases")


def find_shared(training: Sequence[Case], validation: Sequence[Case]) -> Iterator[str]:
    """What two lists of cases share, a phrase for each pair."""
    for held in validation:
        for case in training:
            for one in _list_sources(case):
                yield from (
                    f"{case.name} and {held.name} share {_describe(shared)} of {parse_spec(one.spec).place}"
                    for other in _list_sources(held)
                    if is_same_volume(one.spec, other.spec) and (shared := _intersect(one.box, other.box))
                )


def _list_sources(case: Case) -> list[Source]:
    return [*case.locate_images(), *(case.locate_labels(name) for name in case.labels)]


def _intersect(one: Box | None, other: Box | None) -> Box | str | None:
    """The voxels that both have, of a file where None is all of it; None when there are none."""
    if one is None or other is None:
        return one or other or "all voxels"
    common = one.clip(other)
    return common if common.size else None


def _describe(shared: Box | str) -> str:
    return str(shared)
