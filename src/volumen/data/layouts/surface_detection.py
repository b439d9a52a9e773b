"""The surface detection of the Vesuvius Challenge on Kaggle: `train.csv`, images, labels, scrolls as groups."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from volumen.data.inspection import MISSING, Faults
from volumen.data.layouts.folders import FolderLayout
from volumen.data.layouts.layout import Draft, Layout
from volumen.errors import FormatError, MissingError

TABLE = "train.csv"
_COLUMNS = {"id", "scroll_id"}


@dataclass(frozen=True)
class SurfaceDetectionLayout(Layout):
    """`train.csv` with `train_images/ID.tif` and `train_labels/ID.tif`: each scroll is a group.

    What lies in `deprecated_train_images/`, or is in no row of the table, is left out.

    Args:
        voxel_size: nm (z y x), which the files do not say.
    """

    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether a table of scrolls lies beside the images."""
        return (root / TABLE).is_file() and (root / "train_images").is_dir() and _read_columns(root / TABLE) >= _COLUMNS

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each id of the table whose image was not withdrawn."""
        scrolls = read_scrolls(Path(root) / TABLE)
        withdrawn = {path.stem for path in (Path(root) / "deprecated_train_images").glob("*.tif*")}
        found = FolderLayout(self.voxel_size).draft(root, faults).cases
        cases = [
            replace(case, group=scrolls[case.name])
            for case in found
            if case.name in scrolls and case.name not in withdrawn
        ]
        there = {case.name for case in found}
        faults.add(MISSING, *(f"train_images/{name}.tif" for name in scrolls if name not in there | withdrawn))
        return Draft(cases, notes=_describe_left_out(there, withdrawn & set(scrolls), set(scrolls)))


def read_scrolls(path: Path) -> dict[str, str]:
    """The scroll of every id."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return {row["id"]: row["scroll_id"] for row in csv.DictReader(file)}
    except FileNotFoundError as error:
        raise MissingError(f"{path} is not there; it says which scroll an image is of") from error
    except (KeyError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is no table with the columns id and scroll_id") from error


def _read_columns(path: Path) -> set[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return {word.strip().strip('"') for word in file.readline().split(",")}


def _describe_left_out(there: set[str], withdrawn: set[str], listed: set[str]) -> tuple[str, ...]:
    """What a user should know of images that are not used."""
    notes = []
    if withdrawn:
        notes.append(f"{len(withdrawn)} ids of {TABLE} are left out, for their images are deprecated")
    if there - listed:
        notes.append(f"images in no row of {TABLE} are left out: {', '.join(sorted(there - listed))}")
    return tuple(notes)
