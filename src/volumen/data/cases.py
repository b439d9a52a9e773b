"""A case: one image with its labels by name, its mask, voxel size and group."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from volumen.config import HeadSection
from volumen.data.frames import Frame, Source
from volumen.data.groups import find_groups
from volumen.data.values import LabelValues
from volumen.errors import DataError
from volumen.geometry import VoxelSize


@dataclass(frozen=True)
class Case:
    """One image with what is known about it; volumes are given by their specs.

    Args:
        name: the image's file name without its ending.
        image: the image, or the first of several.
        labels: label volumes by name.
        mask: where it is 0 nobody looked, whatever the labels say.
        voxel_size: of what is cut from the case; None when neither its files nor the recipe say.
        group: what must not be split between training and validation: a scroll, an animal.
        label_masks: masks that hold for one label alone, by its name.
        channels: further images of the same shape, which follow the first as channels.
        frame: which voxels of the files the case is made of.
        values: what values of label files mean, by the label's name; plain ids or classes for those left out.
        dataset: which of several data sets it belongs to.
        class_id: what its instances are, where data sets differ.
    """

    name: str
    image: str
    labels: dict[str, str]
    mask: str | None = None
    voxel_size: VoxelSize | None = None
    group: str | None = None
    label_masks: dict[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    frame: Frame = field(default_factory=Frame)
    values: dict[str, LabelValues] = field(default_factory=dict)
    dataset: str | None = None
    class_id: int | None = None

    @property
    def images(self) -> tuple[str, ...]:
        """Specs of all images, in the order of their channels."""
        return (self.image, *self.channels)

    def list_specs(self) -> list[str]:
        """Specs of all volumes: images, labels, masks."""
        masks = (self.mask, *self.label_masks.values())
        return [*self.images, *self.labels.values(), *(spec for spec in masks if spec is not None)]

    def find_values(self, label: str) -> LabelValues:
        """What the values of a label's file mean."""
        return self.values.get(label, LabelValues())

    def locate_images(self) -> tuple[Source, ...]:
        """The voxels of each image."""
        return tuple(self.frame.locate_image(spec) for spec in self.images)

    def locate_labels(self, label: str) -> Source:
        """The voxels of a label."""
        return self.frame.locate_labels(self.labels[label])

    def locate_masks(self, label: str) -> tuple[Source, ...]:
        """The voxels of every mask that holds for a label."""
        specs = (self.mask, self.label_masks.get(label))
        return tuple(self.frame.locate_labels(spec) for spec in specs if spec is not None)


def assign_groups(cases: Sequence[Case], group: str) -> list[Case]:
    """The cases with their groups (see `volumen.data.groups` for what `group` may be)."""
    groups = find_groups([case.name for case in cases], group)
    return [replace(case, group=groups[case.name]) for case in cases]


def choose_label(head: str, section: HeadSection, cases: Sequence[Case]) -> str:
    """The label a head learns from: what its section says, else its own name, else the only label there is.

    Of several data sets some may lack it as a whole: the head learns nothing from those.
    """
    known = sorted({label for case in cases for label in case.labels})
    choices = ", ".join(known) or "none"
    wanted = section.label or (head if head in known else None) or (known[0] if len(known) == 1 else None)
    if wanted is None:
        raise DataError(f"no label is called {head!r} like the head; set heads.{head}.label to one of: {choices}")
    if wanted not in known:
        raise DataError(f"head {head!r} asks for the label {wanted!r}, which no case has; labels there are: {choices}")
    lacking = _list_lacking(wanted, cases)
    if lacking:
        raise DataError(f"head {head!r} learns from the label {wanted!r}, which is missing for {', '.join(lacking)}")
    return wanted


def _list_lacking(label: str, cases: Sequence[Case]) -> list[str]:
    """Cases without a label that others of their data set have."""
    knowing = {case.dataset for case in cases if label in case.labels}
    return [case.name for case in cases if label not in case.labels and case.dataset in knowing]
