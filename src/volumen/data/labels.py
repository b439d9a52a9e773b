"""Labels of a patch: what nobody looked at is −100 or counts on neither side."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from volumen.data.cases import Case
from volumen.data.patches import PatchReader, pad_end
from volumen.data.samples import IGNORE
from volumen.errors import DataError
from volumen.geometry import Box

LARGEST_LABEL = np.iinfo(np.int64).max


def read_labels(
    case: Case, name: str, box: Box, *, reader: PatchReader, ignore: int | None
) -> Int64[np.ndarray, "z y x"]:
    """One label of a case in a box: int64, −100 where ignored, masked out or past the volume's end."""
    inside = box.clip(Box.whole(reader.find_shape(case.labels[name])))
    labels = convert_labels(reader.read(case.labels[name], inside), ignore)
    for mask in _read_masks(case, name, inside, reader):
        labels[mask == 0] = IGNORE
    return pad_end(labels, box.shape, value=IGNORE)


def convert_labels(labels: Shaped[np.ndarray, "z y x"], ignore: int | None) -> Int64[np.ndarray, "z y x"]:
    """Labels as int64, −100 where the file has the value that says nobody looked."""
    if labels.dtype.kind not in "biu":
        raise DataError(f"labels must be whole numbers; got {labels.dtype}")
    ignored = np.zeros(labels.shape, bool) if ignore is None else labels == ignore
    wrong = labels[_find_outside(labels) & ~ignored]
    if wrong.size:
        raise DataError(
            f"labels are 0 to 2⁶³ − 1; got {wrong[0]} ({wrong.size} voxels of a patch are outside): "
            f"set data.ignore={wrong[0]} if it means that nobody looked"
        )
    converted: Int64[np.ndarray, "z y x"] = labels.astype(np.int64)
    converted[ignored] = IGNORE
    return converted


def measure_share(case: Case, name: str, box: Box, *, reader: PatchReader, ignore: int | None) -> float | None:
    """Voxels above 0 over voxels somebody looked at, in a box of one label; None where nobody looked at all."""
    inside = box.clip(Box.whole(reader.find_shape(case.labels[name])))
    labels = reader.read(case.labels[name], inside)
    known = np.ones(labels.shape, bool) if ignore is None else labels != ignore
    for mask in _read_masks(case, name, inside, reader):
        known &= mask != 0
    looked = np.count_nonzero(known)
    return np.count_nonzero((labels > 0) & known) / looked if looked else None


def _read_masks(case: Case, name: str, box: Box, reader: PatchReader) -> Iterator[Shaped[np.ndarray, "z y x"]]:
    for spec in (case.mask, case.label_masks.get(name)):
        if spec is not None:
            yield reader.read(spec, box)


def _find_outside(labels: Shaped[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Where labels are negative or do not fit 64 bits with a sign."""
    return (labels < 0) | (labels > LARGEST_LABEL)
