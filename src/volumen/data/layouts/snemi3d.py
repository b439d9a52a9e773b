"""SNEMI3D: neurons of mouse cortex, in each of the four ways in which it is offered."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from volumen.data.cases import Case
from volumen.data.inspection import DOUBLE, MISSING, Faults
from volumen.data.layouts.layout import Draft, Layout, read_voxel_size
from volumen.data.values import LabelValues
from volumen.errors import MissingError

Part = Literal["train", "test"]

Files = Mapping[str, Sequence[Path]]

LABEL = "neuron_ids"
_TIFF, _HDF5 = (".tif", ".tiff"), (".h5", ".hdf5")
_RAW, _IDS = "volumes/raw", "volumes/labels/neuron_ids"


@dataclass(frozen=True)
class Variant:
    """How one offer calls a volume of the data set; keys where image and labels lie in one file."""

    part: Part
    image: str
    labels: str
    endings: tuple[str, ...]
    keys: tuple[str, str] | None = None


VARIANTS = (
    Variant("train", "train-input", "train-labels", (*_TIFF, *_HDF5)),
    Variant("test", "test-input", "test-labels", (*_TIFF, *_HDF5)),
    Variant("train", "snemi_train", "snemi_train", _HDF5, (_RAW, _IDS)),
    Variant("test", "snemi_test", "snemi_test", _HDF5, (_RAW, _IDS)),
    Variant("train", "AC4_inputs", "AC4_labels", (*_HDF5, *_TIFF)),
    Variant("test", "AC3_inputs", "AC3_labels", (*_HDF5, *_TIFF)),
)


@dataclass(frozen=True)
class SnemiLayout(Layout):
    """`train-input.tif` and `train-labels.tif`, `snemi_train.h5`, or `AC4_inputs` and `AC4_labels` (HDF5 or TIFF).

    Files may lie in folders of the one given, as the archive has them (`image/`, `seg/`).

    Args:
        parts: which volumes to use; the test volume (AC3) is left out when not said.
        voxel_size: nm (z y x).
    """

    parts: Sequence[Part] = ("train",)
    voxel_size: Sequence[float] = (30, 6, 6)

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether one of the volumes is there."""
        files = list_files(root)
        return any(_find_files(files, variant.image, variant.endings) for variant in VARIANTS)

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each volume that is wanted and there."""
        files = list_files(Path(root))
        there = [variant for variant in VARIANTS if _find_files(files, variant.image, variant.endings)]
        wanted = [variant for variant in there if variant.part in self.parts]
        if not wanted:
            raise MissingError(_explain_absence(root, there, self.parts))
        for part in self.parts:
            several = [variant.image for variant in wanted if variant.part == part]
            faults.add(DOUBLE, *(several if len(several) > 1 else ()))
        notes = tuple(
            f"{variant.image} is left out; data.layout.parts={list({variant.part})} would use it"
            for variant in there
            if variant.part not in self.parts
        )
        return Draft([case for variant in wanted for case in self._draft_variant(files, variant, faults)], notes=notes)

    def _draft_variant(self, files: Files, variant: Variant, faults: Faults) -> Iterator[Case]:
        image = _find_one(files, variant.image, variant.endings, faults)
        labels = _find_one(files, variant.labels, (*variant.endings, *_HDF5), faults)
        if image is None or labels is None:
            return
        specs = [str(image), str(labels)]
        if variant.keys is not None:
            specs = [f"{path}:{key}" for path, key in zip(specs, variant.keys, strict=True)]
        yield Case(
            variant.part if "AC" not in variant.image else variant.image.partition("_")[0],
            specs[0],
            {LABEL: specs[1]},
            voxel_size=read_voxel_size(self.voxel_size),
            values={LABEL: LabelValues(ignore=())},
        )


def list_files(root: Path, depth: int = 2) -> Files:
    """Files by their names, of a folder and those inside it, two levels deep."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(root.iterdir()):
        if path.suffix in {".zarr", ".n5"}:
            continue
        if path.is_dir() and depth:
            for name, paths in list_files(path, depth - 1).items():
                found[name] += paths
        else:
            found[path.name].append(path)
    return found


def _find_files(files: Files, stem: str, endings: Sequence[str]) -> Sequence[Path]:
    """Files of a name; of several endings only the first that is there."""
    return next((files[f"{stem}{ending}"] for ending in endings if f"{stem}{ending}" in files), [])


def _find_one(files: Files, stem: str, endings: Sequence[str], faults: Faults) -> Path | None:
    found = _find_files(files, stem, endings)
    if not found:
        faults.add(MISSING, f"{stem}{endings[0]}")
        return None
    if len(found) > 1:
        faults.add(DOUBLE, *map(str, found))
    return found[0]


def _explain_absence(root: str, there: list[Variant], parts: Sequence[Part]) -> str:
    if there:
        names = ", ".join(variant.image for variant in there)
        return f"{root} has {names}, and no {' or '.join(parts)} volume; set data.layout.parts=[test] to use it"
    return f"{root} has no train-input.tif, snemi_train.h5 or AC4_inputs.h5; volumen data download snemi3d brings it"
