"""nnU-Net's raw data sets: `dataset.json`, `imagesTr`, `labelsTr`, a file a channel."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from volumen.data.cases import Case
from volumen.data.folds import Fold, parse_folds
from volumen.data.inspection import MISSING, NO_IMAGE, NO_LABEL, Faults
from volumen.data.layouts.layout import KNOWN_SCHEME, Draft, Layout, read_voxel_size
from volumen.data.naming import PLAIN
from volumen.data.values import LabelValues
from volumen.errors import DataError, FormatError, MissingError
from volumen.geometry import VoxelSize
from volumen.volumes import sort_naturally

DESCRIPTION = "dataset.json"
SPLITS = "splits_final.json"

_NANOMETRES = 1e6  # in a millimetre, which is what its spacings are
_IGNORED = "ignore"


@dataclass(frozen=True)
class NnunetLayout(Layout):
    """`dataset.json` with `imagesTr/CASE_0000.nii.gz` (a file a channel) and `labelsTr/CASE.nii.gz`.

    Values and channels are what `dataset.json` says; the label called "ignore" is not learned from. A
    `splits_final.json` beside it is the split. TIFFs take their spacing (mm) from `imagesTr/CASE.json`.

    Args:
        splits: path of the split, when it is elsewhere.
        voxel_size: nm (z y x), in place of what the images say.
    """

    certainty: ClassVar[int] = KNOWN_SCHEME

    splits: str | None = None
    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether there are a description and a folder of images."""
        return (root / DESCRIPTION).is_file() and (root / "imagesTr").is_dir()

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each file of labels."""
        description = read_description(Path(root))
        names = read_names(description)
        ignored = names.pop(_IGNORED, None)
        values = LabelValues(ignore=() if ignored is None else (ignored,), floats=True)
        cases = [
            Case(
                files.name,
                files.images[0],
                {PLAIN: files.labels},
                voxel_size=read_voxel_size(self.voxel_size) or _read_spacing(files.images[0], files.name),
                channels=files.images[1:],
                values={PLAIN: values},
            )
            for files in pair_files(Path(root), description, faults)
        ]
        return Draft(cases, self._find_folds(Path(root)), {PLAIN: names})

    def _find_folds(self, root: Path) -> tuple[Fold, ...] | None:
        """The folds that came with the data, where they did."""
        path = root / SPLITS if self.splits is None else Path(self.splits)
        return parse_folds(path) if self.splits is not None or path.is_file() else None


@dataclass(frozen=True)
class Files:
    """The specs of one case, an image a channel."""

    name: str
    images: tuple[str, ...]
    labels: str


def read_description(root: Path) -> dict[str, Any]:
    """What `dataset.json` says."""
    path = root / DESCRIPTION
    try:
        description = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingError(f"{path} is not there; {root} is no raw data set of nnU-Net") from error
    except ValueError as error:
        raise FormatError(f"{path} is no JSON: {error}") from error
    if not isinstance(description, dict):
        raise FormatError(f"{path} is no description of a data set: it holds no mapping")
    return description


def read_names(description: Mapping[str, Any]) -> dict[str, int]:
    """Values of the labels by name: both ways of writing them; regions of several values are left out."""
    pairs = dict(description.get("labels", {})).items()
    turned = {name: int(value) for value, name in pairs if str(value).isdecimal() and isinstance(name, str)}
    return turned or {name: value for name, value in pairs if isinstance(value, int)}


def pair_files(root: Path, description: Mapping[str, Any], faults: Faults, *, part: str = "Tr") -> list[Files]:
    """Images and labels that belong together, in natural order; what has no partner goes into `faults`.

    Args:
        root: the data set's folder.
        description: of `dataset.json`; where it lists the files of each case, they are those.
        faults: for what is missing.
        part: `Tr`, or `Ts` for the test cases.
    """
    listed = description.get("dataset")
    if isinstance(listed, dict) and part == "Tr":
        return [_read_listed(root, name, listed[name]) for name in sorted(listed)]
    ending = str(description.get("file_ending", ".nii.gz"))
    images, labels = (_list_names(root / f"{kind}{part}", ending) for kind in ("images", "labels"))
    if not images:
        raise DataError(f"{root / f'images{part}'} holds no file that ends in {ending}; put the images there")
    known = {re.sub(r"_\d{4}$", "", name) for name in images}
    faults.add(NO_LABEL, *sorted(known - set(labels)))
    faults.add(NO_IMAGE, *(name for name in labels if name not in known))
    channels = len(description.get("channel_names") or description.get("modality") or [None])
    paired = [
        Files(name, _find_channels(root / f"images{part}", name, ending, channels), str(labels[name]))
        for name in labels
        if name in known
    ]
    faults.add(MISSING, *_list_missing(paired))
    return paired


def _list_missing(paired: Iterable[Files]) -> list[str]:
    """Names of the images that are not there."""
    return [Path(spec).name for files in paired for spec in files.images if not Path(spec).exists()]


def _list_names(folder: Path, ending: str) -> dict[str, Path]:
    """A folder's files by their names without the ending, in natural order."""
    paths = folder.iterdir() if folder.is_dir() else ()
    there = [path for path in paths if path.name.endswith(ending) and not path.name.startswith(".")]
    return {path.name.removesuffix(ending): path for path in sort_naturally(there)}


def _find_channels(folder: Path, name: str, ending: str, channels: int) -> tuple[str, ...]:
    """An image for each channel; the one file of the case where its channels are not numbered."""
    whole = folder / f"{name}{ending}"
    numbered = [folder / f"{name}_{number:04d}{ending}" for number in range(channels)]
    return (str(whole),) if whole.exists() and not numbered[0].exists() else tuple(map(str, numbered))


def _read_listed(root: Path, name: str, entry: Mapping[str, Any]) -> Files:
    """A case that the description lists."""
    try:
        images: Sequence[str] = entry["images"]
        return Files(name, tuple(str(root / image) for image in images), str(root / entry["label"]))
    except (KeyError, TypeError) as error:
        raise FormatError(f"{root / DESCRIPTION}: case {name} of its dataset needs images and a label") from error


def _read_spacing(image: str, name: str) -> VoxelSize | None:
    """The voxel size that a file beside a TIFF says, in millimetres."""
    path = Path(image).with_name(f"{name}.json")
    if not path.is_file():
        return None
    try:
        return VoxelSize.parse([edge * _NANOMETRES for edge in json.loads(path.read_bytes())["spacing"]])
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f'{path} is no spacing of an image, as {{"spacing": [1.0, 0.5, 0.5]}} in mm') from error
