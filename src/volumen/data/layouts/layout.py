"""What every layout does: recognise its folder, and say which cases are in it."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.inspection import Faults
from volumen.geometry import VoxelSize

# How sure a layout is when it recognises a folder.
ANY_DATA = 0
KNOWN_SCHEME = 1
ONE_DATA_SET = 2


@dataclass(frozen=True)
class Draft:
    """Cases by the names of their files, before any file is opened.

    Args:
        cases: in the order they are to have.
        folds: the split that the data set was published with; None for none.
        classes: names of the values of a label, by the label's name.
        notes: what a user should know, such as cases that are left out.
    """

    cases: list[Case]
    folds: tuple[Fold, ...] | None = None
    classes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Layout(abc.ABC):
    """A way in which data sets lie in a folder; frozen dataclasses whose fields are its options."""

    certainty: ClassVar[int] = ONE_DATA_SET
    remote: ClassVar[bool] = False  # whether it is found behind a URL too, where folders cannot be looked into

    @staticmethod
    @abc.abstractmethod
    def recognise(root: Path) -> bool:
        """Whether a folder on this machine looks like one; only names are looked at."""

    @abc.abstractmethod
    def draft(self, root: str, faults: Faults) -> Draft:
        """Cases and what is said of them; what is wrong with single files goes into `faults`."""


def read_voxel_size(lengths: Sequence[float] | None) -> VoxelSize | None:
    """The voxel size that a recipe says, if it does."""
    return None if lengths is None else VoxelSize.parse(lengths)
