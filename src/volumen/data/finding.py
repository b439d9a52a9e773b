"""Which cases a folder holds, by the names of its files; everything that is wrong is told at once."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from volumen.data.cases import Case, assign_groups
from volumen.data.inspection import Faults, inspect_case
from volumen.errors import DataError, MissingError
from volumen.volumes import list_volumes

logger = logging.getLogger(__name__)

# The target of a label volume that has none in its name.
PLAIN = "labels"

NO_LABEL = "images without a label"
NO_IMAGE = "labels or masks without an image"
DOUBLE = "several volumes of one name"


@dataclass(frozen=True)
class Layout:
    """Folders of a data set; `named` when labels may be called `NAME_<target>` and not only `NAME`."""

    images: Path
    labels: Path
    masks: Path
    named: bool


def find_cases(
    root: str | Path,
    *,
    group: str | None = None,
    flat: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Case]:
    """Every case of a data set, in natural order (`case2` before `case10`).

    Either `train_images/NAME` with `train_labels/NAME`, or `images/NAME` with `labels/NAME_<target>` for any number of
    targets (`labels/NAME` alone is the target "labels") and, where there are any, `masks/NAME` or
    `masks/NAME_<target>`. Of each file only the head is read. All faults come in one DataError; labels without an
    image are told there too, and alone are a warning.

    Args:
        root: the data set's folder.
        group: how cases are grouped (see `volumen.data.groups`).
        flat: whether an image may be a single slice (`data.patch_size=[1, …]`).
        progress: told after each case.
    """
    faults = Faults(Path(root))
    drafts = pair_files(find_layout(Path(root)), faults)
    cases = []
    for done, draft in enumerate(drafts, 1):
        cases.append(inspect_case(draft, faults, flat=flat))
        if progress is not None:
            progress(done, len(drafts))
    if faults.kinds() - {NO_IMAGE}:
        raise DataError(str(faults))
    if faults.kinds():
        logger.warning("%s", faults)
    return cases if group is None else assign_groups(cases, group)


def find_layout(root: Path) -> Layout:
    """Which folders of a data set hold what."""
    if not root.is_dir():
        raise MissingError(f"there is no folder {root}; give the one that holds the data, with --data or data.root")
    layouts = [
        Layout(root / "train_images", root / "train_labels", root / "train_masks", named=False),
        Layout(root / "images", root / "labels", root / "masks", named=True),
    ]
    present = [layout for layout in layouts if layout.images.is_dir()]
    if not present:
        raise MissingError(f"{root} has neither train_images/ with train_labels/ nor images/ with labels/")
    if len(present) > 1:
        raise DataError(f"{root} has both train_images/ and images/; leave the one to train on")
    if not present[0].labels.is_dir():
        raise MissingError(f"{present[0].images} is there, {present[0].labels} is not; put the labels there")
    return present[0]


def pair_files(layout: Layout, faults: Faults) -> list[Case]:
    """Cases from file names alone; what has no partner goes into `faults`."""
    images = name_volumes(layout.images, faults)
    if not images:
        raise DataError(f"{layout.images} holds no volume; put the images there")
    labels, stray_labels = match_targets(images, name_volumes(layout.labels, faults), named=layout.named)
    masks, stray_masks = match_targets(images, name_volumes(layout.masks, faults), named=layout.named)
    faults.add(NO_LABEL, *(name for name in images if not labels[name]))
    faults.add(NO_IMAGE, *stray_labels, *stray_masks)
    return [
        Case(name, spec, labels[name], mask=masks[name].pop(PLAIN, None), label_masks=masks[name])
        for name, spec in images.items()
    ]


def name_volumes(folder: Path, faults: Faults) -> dict[str, str]:
    """Specs of a folder's volumes by name, in natural order; none when there is no folder."""
    named: dict[str, str] = {}
    for path in list_volumes(folder) if folder.is_dir() else []:
        name = strip_ending(path)
        if name in named:
            faults.add(DOUBLE, f"{folder.name}/{name}")
        named[name] = str(path)
    return named


def strip_ending(path: Path) -> str:
    """A volume's name: its file name without the format's ending."""
    return re.sub(r"(\.(ome|nii))?\.[^.]*$", "", path.name, flags=re.IGNORECASE)


def match_targets(
    images: Iterable[str], others: Mapping[str, str], *, named: bool
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Specs by image and target, and the names that belong to no image.

    Args:
        images: names of the images.
        others: specs of labels or masks by name.
        named: whether `NAME_<target>` counts; of several image names that fit the longest wins.
    """
    matched: dict[str, dict[str, str]] = {image: {} for image in images}
    strays = []
    for name, spec in others.items():
        image, target = split_target(name, matched) if named else (name, PLAIN)
        if image in matched:
            matched[image][target] = spec
        else:
            strays.append(name)
    return matched, strays


def split_target(name: str, images: Iterable[str]) -> tuple[str, str]:
    """The longest image name that begins `name`, and the target after it; all of `name` when there is no such image."""
    fitting = [
        image for image in images if name == image or (name.startswith(f"{image}_") and len(name) > len(image) + 1)
    ]
    image = max(fitting, key=len, default=name)
    return image, name[len(image) + 1 :] or PLAIN
