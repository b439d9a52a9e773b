"""Lucchi++ and Kasthuri++: mitochondria, as PNG slices in folders called Train_In and Train_Out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from volumen.data.cases import Case
from volumen.data.inspection import MISSING, OTHER_SHAPE, Faults
from volumen.data.layouts.layout import Draft
from volumen.data.layouts.slices import Slices, find_slices
from volumen.data.values import LabelValues
from volumen.errors import MissingError
from volumen.geometry import VoxelSize

Part = Literal["train", "test"]
LABEL = "mitochondria"
FOLDERS: Mapping[Part, tuple[str, str]] = {"train": ("Train_In", "Train_Out"), "test": ("Test_In", "Test_Out")}


def find_root(root: Path, name: str) -> Path | None:
    """The folder that holds Train_In: the one given or the one of the data set's name inside it."""
    return next((place for place in (root, root / name) if (place / FOLDERS["train"][0]).is_dir()), None)


def draft_stacks(
    root: Path, parts: Sequence[Part], faults: Faults, *, values: LabelValues, voxel_size: VoxelSize | None
) -> Draft:
    """A case for each part that is wanted."""
    cases = []
    for part in parts:
        images, labels = (_find_folder(root / name, faults) for name in FOLDERS[part])
        if images is None or labels is None:
            continue
        if images.count != labels.count:
            faults.add(OTHER_SHAPE, f"{labels.folder.name} ({labels.count} slices, not {images.count})")
        cases.append(Case(part, images.spec, {LABEL: labels.spec}, voxel_size=voxel_size, values={LABEL: values}))
    left_out = [name for part, (name, _) in FOLDERS.items() if part not in parts and (root / name).is_dir()]
    return Draft(cases, notes=tuple(f"{name} is left out; data.layout.parts=[test] would use it" for name in left_out))


def explain_absence(root: str, title: str, name: str) -> MissingError:
    """The error for a folder without the data set."""
    return MissingError(f"{root} has no folder Train_In of {title}; volumen data download {name} brings it")


def _find_folder(folder: Path, faults: Faults) -> Slices | None:
    if folder.is_dir():
        return find_slices(folder, faults)
    faults.add(MISSING, str(folder))
    return None
