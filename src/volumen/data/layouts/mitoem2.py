"""MitoEM 2.0: mitochondria of eight tissues, as raw data sets of nnU-Net with a class between touching ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.inspection import Faults
from volumen.data.layouts.layout import Draft, Layout
from volumen.data.layouts.nnunet import Files, pair_files, read_description
from volumen.data.values import Components, LabelValues
from volumen.errors import FormatError, MissingError

SPLIT = "split.json"

CLASSES, INSTANCES = "classes", "instances"
MITOCHONDRION, BORDER = 1, 2
VALUES = {
    CLASSES: LabelValues(ignore=(), floats=True),
    INSTANCES: LabelValues(ignore=(), components=Components(MITOCHONDRION, BORDER), floats=True),
}
NAMES = {"background": 0, "mitochondrion": MITOCHONDRION, "border": BORDER}

# Cases whose labels are stored with their axes the other way round than the image: both are read as they are stored.
TURNED = {"me2-jurkat_train02": ("?axes=xyz", "?axes=zyx")}


@dataclass(frozen=True)
class Mitoem2Layout(Layout):
    """`Dataset00N_ME2-*` folders, one or several, each with images, labels and a `split.json`.

    Two labels come of each file: "classes" (1 mitochondria, 2 where they touch) and "instances", the connected parts of
    class 1 grown into class 2. What instances a patch shows is found in the patch and eight voxels round it: parts of
    one mitochondrion that meet only further away are two there.

    Args:
        parts: which cases; those of the test set are left out when not said.
    """

    parts: Sequence[Literal["train", "val", "test"]] = ("train", "val")

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether it is one of the data sets, or holds some."""
        return bool(list_sets(root))

    def draft(self, root: str, faults: Faults) -> Draft:
        """The cases of all data sets there, each set a group, and their split where all have one."""
        folders = list_sets(Path(root))
        if not folders:
            raise MissingError(f"{root} has no folder Dataset00N_ME2-…; volumen data download mitoem2 brings them")
        splits = [read_split(folder) for folder in folders]
        cases = [
            case
            for folder, split in zip(folders, splits, strict=True)
            for case in self._draft_set(folder, split, faults)
        ]
        training, validation = ([name for split in splits for name in split[part]] for part in ("train", "val"))
        both = {"train", "val"} <= set(self.parts) and training and validation
        folds = (Fold(0, tuple(training), tuple(validation)),) if both else None
        return Draft(cases, folds, {CLASSES: NAMES})

    def _draft_set(self, folder: Path, split: dict[str, list[str]], faults: Faults) -> list[Case]:
        """The cases of one data set that are wanted."""
        description = read_description(folder)
        files = pair_files(folder, description, faults)
        if "test" in self.parts:
            files += pair_files(folder, description, faults, part="Ts")
        wanted = {name for part in self.parts for name in split[part]}
        return [_draft_case(case, folder) for case in files if case.name in wanted]


def list_sets(root: Path) -> list[Path]:
    """Folders of data sets: the one given, else those inside it."""
    inside = sorted(path for path in root.glob("Dataset*_ME2-*") if path.is_dir())
    return [root] if _is_set(root) else [path for path in inside if _is_set(path)]


def read_split(folder: Path) -> dict[str, list[str]]:
    """Names of the cases to learn from, to judge by and to be tested on."""
    path = folder / SPLIT
    try:
        first = json.loads(path.read_bytes())[0]
        return {part: [str(name) for name in first.get(part, [])] for part in ("train", "val", "test")}
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise FormatError(f'{path} is no split, as [{{"train": […], "val": […], "test": […]}}]') from error


def _is_set(folder: Path) -> bool:
    return (folder / SPLIT).is_file() and (folder / "imagesTr").is_dir() and (folder / "dataset.json").is_file()


def _draft_case(files: Files, folder: Path) -> Case:
    image_axes, label_axes = TURNED.get(files.name, ("", ""))
    return Case(
        files.name,
        files.images[0] + image_axes,
        dict.fromkeys(VALUES, files.labels + label_axes),
        group=folder.name,
        channels=files.images[1:],
        values=dict(VALUES),
    )
