"""Images in one folder, labels in another, masks in a third."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from volumen.data.cases import Case
from volumen.data.inspection import DOUBLE, NO_IMAGE, NO_LABEL, Faults
from volumen.data.layouts.layout import ANY_DATA, Draft, Layout, read_voxel_size
from volumen.data.naming import PLAIN, match_targets, name_spec
from volumen.errors import DataError, MissingError
from volumen.volumes import list_volumes


@dataclass(frozen=True)
class FolderLayout(Layout):
    """`train_images/NAME` with `train_labels/NAME`, or `images/NAME` with `labels/NAME_<target>` for any number.

    `labels/NAME` alone is the target "labels". Masks, where there are any, are `masks/NAME` (or `train_masks/NAME`) for
    every target and `masks/NAME_<target>` for one. Files may have any format, each its own.

    Args:
        voxel_size: nm (z y x), in place of what the images say.
    """

    certainty: ClassVar[int] = ANY_DATA

    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there is a folder of images."""
        return (root / "train_images").is_dir() or (root / "images").is_dir()

    def draft(self, root: str, faults: Faults) -> Draft:
        """Images with the labels and masks that are called after them."""
        folders = find_folders(Path(root))
        images = name_volumes(folders.images, faults)
        if not images:
            raise DataError(f"{folders.images} holds no volume; put the images there")
        labels, stray_labels = match_targets(images, name_volumes(folders.labels, faults), named=folders.named)
        masks, stray_masks = match_targets(images, name_volumes(folders.masks, faults), named=folders.named)
        faults.add(NO_LABEL, *(name for name in images if not labels[name]))
        faults.add(NO_IMAGE, *stray_labels, *stray_masks)
        voxel_size = read_voxel_size(self.voxel_size)
        return Draft(
            [
                Case(name, spec, labels[name], masks[name].pop(PLAIN, None), voxel_size, label_masks=masks[name])
                for name, spec in images.items()
            ]
        )


@dataclass(frozen=True)
class Folders:
    """Folders of a data set; `named` when labels may be called `NAME_<target>` and not only `NAME`."""

    images: Path
    labels: Path
    masks: Path
    named: bool


def find_folders(root: Path) -> Folders:
    """Which folders of a data set hold what."""
    known = [
        Folders(root / "train_images", root / "train_labels", root / "train_masks", named=False),
        Folders(root / "images", root / "labels", root / "masks", named=True),
    ]
    present = [folders for folders in known if folders.images.is_dir()]
    if not present:
        raise MissingError(f"{root} has neither train_images/ with train_labels/ nor images/ with labels/")
    if len(present) > 1:
        raise DataError(f"{root} has both train_images/ and images/; leave the one to train on")
    if not present[0].labels.is_dir():
        raise MissingError(f"{present[0].images} is there, {present[0].labels} is not; put the labels there")
    return present[0]


def name_volumes(folder: Path, faults: Faults) -> dict[str, str]:
    """Specs of a folder's volumes by name, in natural order; none when there is no folder."""
    named: dict[str, str] = {}
    for path in list_volumes(folder) if folder.is_dir() else []:
        name = name_spec(str(path))
        if name in named:
            faults.add(DOUBLE, f"{folder.name}/{name}")
        named[name] = str(path)
    return named
