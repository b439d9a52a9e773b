"""Volumes that are folders of numbered slices, one file each."""

import re
from dataclasses import dataclass
from pathlib import Path

from volumen.data.inspection import MISSING, Faults

_LAST_NUMBER = re.compile(r"(\d+)\D*$")
_SLICES = {".png", ".tif", ".tiff", ".jpg", ".jpeg"}


@dataclass(frozen=True)
class Slices:
    """A folder of slices and the numbers that they have."""

    folder: Path
    first: int
    count: int

    @property
    def spec(self) -> str:
        """How the volume is opened."""
        return f"{self.folder}/"


def find_slices(folder: Path, faults: Faults) -> Slices | None:
    """The slices of a folder; numbers that are left out go into `faults`, and None comes back where there are none."""
    names = [path.stem for path in folder.iterdir() if path.suffix.lower() in _SLICES and not path.name.startswith(".")]
    numbers = sorted(int(found[1]) for name in names if (found := _LAST_NUMBER.search(name)))
    if not numbers:
        faults.add(MISSING, f"slices in {folder}")
        return None
    holes = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    faults.add(MISSING, *(f"slice {number} of {folder.name}" for number in holes))
    return Slices(folder, numbers[0], len(numbers))
