"""Whether a fold is judged by voxels that it learns from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.naming import identify_volume
from volumen.errors import DataError
from volumen.geometry import Box


def check_leaks(cases: Sequence[Case], folds: Sequence[Fold]) -> None:
    """Raises when training and validation of a fold share a voxel of an image or of labels, naming where.

    A voxel is the same when its file is the same, links followed; copies of a file are not seen through.
    """
    parts = {case.name: list_parts(case) for case in cases}
    faults = []
    for fold in folds:
        shared = list(dict.fromkeys(find_shared(parts, fold)))
        if shared:
            faults.append(f"fold {fold.number} trains on what it is judged by: {'; '.join(shared)}")
    if faults:
        raise DataError(f"{'. '.join(faults)}. Part them: data.split cuts one volume in slabs, or groups cases")


@dataclass(frozen=True)
class Part:
    """Voxels of a case: a box of a file (all of it when None), and the dataset in it where one is named."""

    case: str
    place: str
    key: str | None
    box: Box | None

    def find_common(self, other: "Part") -> str | None:
        """The voxels that both have, in words; None when there are none, or when they are of different datasets."""
        if self.place != other.place or (self.key and other.key and self.key != other.key):
            return None
        if self.box is None or other.box is None:
            return str(self.box or other.box or "all voxels")
        common = self.box.clip(other.box)
        return str(common) if common.size else None


def list_parts(case: Case) -> list[Part]:
    """The voxels of a case's images and labels."""
    sources = (*case.locate_images(), *(case.locate_labels(name) for name in case.labels))
    return [Part(case.name, *identify_volume(source.spec), source.box) for source in sources]


def find_shared(parts: Mapping[str, Iterable[Part]], fold: Fold) -> Iterator[str]:
    """What training and validation of a fold share, a phrase for each pair of cases and file."""
    held: dict[str, list[Part]] = defaultdict(list)
    for name in fold.validation:
        for part in parts[name]:
            held[part.place].append(part)
    for part in (part for name in fold.training for part in parts[name]):
        for other in held.get(part.place, ()):
            common = part.find_common(other)
            if common is not None:
                yield f"{part.case} and {other.case} share {common} of {part.place}"
