"""What the values of a label file mean: nobody looked, a class of the run's own, an instance."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from volumen.errors import DataError
from volumen.geometry import VoxelSize

# What stands in label arrays and tensors for "nobody looked": the value that PyTorch's own losses ignore.
IGNORE = -100

LARGEST_LABEL = np.iinfo(np.int64).max

Rest = int | Literal["keep", "refuse"]

FileLabels = Shaped[np.ndarray, "z y x"]
Labels = Int64[np.ndarray, "z y x"]


@dataclass(frozen=True)
class Components:
    """Instances that a file only draws apart: the connected parts of a class, grown into the class that parts them.

    Args:
        inside: the class whose parts are the instances; parts that touch by faces hang together.
        border: the class that goes to the nearest instance.
        halo: voxels round a patch that are looked at, so that parts and borders are those of the whole volume near it.
    """

    inside: int
    border: int | None = None
    halo: int = 8


@dataclass(frozen=True)
class LabelValues:
    """How values of a label file are read; as it is made, every value is an id or class of its own.

    Args:
        ignore: values that say that nobody looked; what the recipe says (`data.ignore`) when None.
        classes: what values stand for; −100 for nobody looked. 0 stays 0 where it is left out.
        rest: what all other values stand for: a class, themselves, or an error.
        components: how instances are made of the classes.
        floats: whether whole numbers that are kept as floats are taken, as programs around NIfTI write them.
    """

    ignore: tuple[int, ...] | None = None
    classes: Mapping[int, int] = field(default_factory=dict)
    rest: Rest = "keep"
    components: Components | None = None
    floats: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether every value stands for itself."""
        return not self.classes and self.rest == "keep"

    def list_ignored(self, ignore: int | None) -> tuple[int, ...]:
        """Values for nobody looked, where the recipe's is `ignore`."""
        if self.ignore is not None:
            return self.ignore
        return () if ignore is None else (ignore,)


def convert_labels(labels: FileLabels, ignored: Collection[int], values: LabelValues = LabelValues()) -> Labels:
    """Labels as int64 in the run's own values, −100 where the file's value is one of `ignored`."""
    if labels.dtype.kind == "f" and values.floats:
        labels = _round_labels(labels)
    if labels.dtype.kind not in "biu":
        raise DataError(f"labels must be whole numbers; got {labels.dtype}")
    unknown = find_values(labels, ignored)
    if values.is_plain:
        check_range(labels, ~unknown)
        converted = labels.astype(np.int64)
    else:
        converted = _map_values(labels, unknown, values)
    converted[unknown] = IGNORE
    return converted


def find_values(labels: FileLabels, wanted: Collection[int]) -> Bool[np.ndarray, "z y x"]:
    """Where labels are one of the wanted values, those their type cannot hold included."""
    found = np.zeros(labels.shape, bool)
    for value in wanted:
        found |= labels == value
    return found


def check_range(labels: FileLabels, known: Bool[np.ndarray, "z y x"]) -> None:
    """Raises for labels that are negative or do not fit 64 bits with a sign."""
    if labels.dtype.kind == "b" or (labels.dtype.kind == "u" and labels.dtype.itemsize < np.int64().itemsize):
        return
    wrong = labels[_find_outside(labels) & known]
    if wrong.size:
        raise DataError(
            f"labels are 0 to 2⁶³ − 1; got {wrong[0]} ({wrong.size} voxels of a patch are outside): "
            f"set data.ignore={wrong[0]} if it means that nobody looked"
        )


def find_refused(
    labels: FileLabels, ignored: Collection[int], values: LabelValues = LabelValues()
) -> Bool[np.ndarray, "z y x"]:
    """Where `convert_labels` would not take the value: out of range, or of no class."""
    taken = ignored if values.is_plain else {0, *values.classes, *ignored}
    left: Bool[np.ndarray, "z y x"] = ~find_values(labels, taken)
    if values.rest == "refuse":
        return left
    return left & _find_outside(labels) if values.rest == "keep" else np.zeros_like(left)


def separate_instances(classes: Labels, components: Components, voxel_size: VoxelSize | None) -> Labels:
    """Instances numbered from 1 in the order of first voxels, 0 elsewhere, −100 where it was.

    Args:
        classes: classes of a patch with its halo.
        components: which class has the instances, which one parts them.
        voxel_size: by which the nearest instance of a border voxel is found.
    """
    from volumen.morphology import label_components

    instances: Labels = label_components(classes == components.inside, 6).astype(np.int64)
    if components.border is not None and instances.any():
        border = classes == components.border
        instances[border] = _copy_nearest(instances, voxel_size)[border]
    instances[classes == IGNORE] = IGNORE
    return instances


def _copy_nearest(instances: Labels, voxel_size: VoxelSize | None) -> Labels:
    """Everywhere the instance that is nearest."""
    from scipy.ndimage import distance_transform_edt

    sampling = None if voxel_size is None else tuple(voxel_size)
    nearest = distance_transform_edt(instances == 0, sampling=sampling, return_distances=False, return_indices=True)
    copied: Labels = instances[tuple(nearest)]
    return copied


def _round_labels(labels: FileLabels) -> Labels:
    """Floats as the whole numbers that they are; an error when one is none."""
    whole = np.rint(labels)
    wrong = labels[whole != labels]
    if wrong.size:
        raise DataError(f"labels must be whole numbers; got {wrong[0]} ({wrong.size} voxels of a patch have fractions)")
    rounded: Labels = whole.astype(np.int64)
    return rounded


def _map_values(labels: FileLabels, unknown: Bool[np.ndarray, "z y x"], values: LabelValues) -> Labels:
    """The class of every voxel; anything where the value is unknown."""
    converted: Labels = np.zeros(labels.shape, np.int64)
    left = ~unknown
    for value, meaning in {0: 0, **values.classes}.items():
        here = labels == value
        converted[here] = meaning
        left &= ~here
    if left.any():
        converted[left] = _map_rest(labels, left, values)
    return converted


def _map_rest(
    labels: FileLabels, left: Bool[np.ndarray, "z y x"], values: LabelValues
) -> int | Int64[np.ndarray, " voxels"]:
    if values.rest == "refuse":
        known = ", ".join(map(str, values.classes))
        raise DataError(
            f"the label value {labels[left][0]} stands for no class ({np.count_nonzero(left)} voxels of a patch); "
            f"known: {known}; add it to classes, or say what the rest is (rest: keep, ignore, or a class)"
        )
    if values.rest == "keep":
        check_range(labels, left)
        kept: Int64[np.ndarray, " voxels"] = labels[left].astype(np.int64)
        return kept
    return values.rest


def _find_outside(labels: FileLabels) -> Bool[np.ndarray, "z y x"]:
    outside: Bool[np.ndarray, "z y x"] = (labels < 0) | (labels > LARGEST_LABEL)
    return outside
