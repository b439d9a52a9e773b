"""NISB: synthetic neurons with exact labels, as Zarr in a bucket or in a folder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.inspection import Faults
from volumen.data.layouts.layout import Draft, Layout
from volumen.data.values import LabelValues
from volumen.errors import MissingError
from volumen.geometry import VoxelSize
from volumen.volumes import sort_naturally

Part = Literal["train", "val", "test"]

LABEL = "neuron_ids"
BUCKET = "s3://nisb"
SERVER = "https://s3.nexus.mpcdf.mpg.de:443"
_SEEDS: dict[Part, int] = {"train": 5, "val": 1, "test": 1}
_FINE = VoxelSize(12, 9, 9)  # of the setting that expands the tissue
_USUAL = VoxelSize(20, 9, 9)


@dataclass(frozen=True)
class NisbLayout(Layout):
    """`SETTING/train/seed0/data.zarr` … with the arrays `img` (x y z c) and `seg` (x y z); `val` is the split.

    The root is a setting's folder, or `s3://nisb/SETTING`, which is read without an account where it lies. The
    skeletons beside the arrays are pickles: they are never opened.

    Args:
        parts: which cubes; those of the test set are left out when not said.
        seeds: cubes to learn from, where the root is a bucket, which cannot be looked into; five when not said.
        voxel_size: nm (z y x); 20 9 9, of the setting liconn 12 9 9, when not said.
    """

    remote: ClassVar[bool] = True

    parts: Sequence[Part] = ("train", "val")
    seeds: int | None = None
    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there is a folder of a cube."""
        return any(root.glob("*/seed*/data.zarr/img"))

    def draft(self, root: str, faults: Faults) -> Draft:  # noqa: ARG002 - files are looked into by whoever called
        """A case for each cube."""
        cubes = [(part, cube) for part in self.parts for cube in self._list_cubes(root.rstrip("/"), part)]
        if not cubes:
            raise MissingError(f"{root} has no cube train/seed0/data.zarr; give the folder of a setting")
        size = _USUAL if not root.rstrip("/").endswith("liconn") else _FINE
        size = size if self.voxel_size is None else VoxelSize.parse(self.voxel_size)
        names = {cube: f"{part}_{cube.rpartition('/')[2]}" for part, cube in cubes}
        cases = [_draft_cube(names[cube], cube, size) for _, cube in cubes]
        training, validation = ([names[cube] for part, cube in cubes if part == wanted] for wanted in ("train", "val"))
        folds = (Fold(0, tuple(training), tuple(validation)),) if training and validation else None
        return Draft(cases, folds)

    def _list_cubes(self, root: str, part: Part) -> Iterator[str]:
        """Folders of the cubes of one part."""
        if "://" in root:
            count = self.seeds if part == "train" and self.seeds is not None else _SEEDS[part]
            yield from (f"{root}/{part}/seed{number}" for number in range(count))
        else:
            there = [path for path in (Path(root) / part).glob("seed*") if (path / "data.zarr").is_dir()]
            yield from map(str, sort_naturally(there))


def _draft_cube(name: str, cube: str, size: VoxelSize) -> Case:
    options = f"&anonymous&endpoint={SERVER}" if cube.startswith(f"{BUCKET}/") else ""
    return Case(
        name,
        f"{cube}/data.zarr/img?axes=xyzc{options}",
        {LABEL: f"{cube}/data.zarr/seg?axes=xyz{options}"},
        voxel_size=size,
        values={LABEL: LabelValues(ignore=())},
    )
