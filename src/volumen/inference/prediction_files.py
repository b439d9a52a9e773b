"""A prediction on disk: a Zarr group with an array a head, and in its attributes how it was made."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Float32

from volumen.blocks import hold_lock
from volumen.config import Component
from volumen.errors import ConfigError, DataError, ExistsError, FormatError, MissingError, OutputError
from volumen.geometry import Box, Shape, VoxelSize
from volumen.heads import HeadSpec
from volumen.inference.knobs import Stored
from volumen.inference.model import find_head
from volumen.inference.voxel_sizes import SourceGrid
from volumen.volumes import (
    Volume,
    create_group,
    create_volume,
    open_volume,
    read_attributes,
    write_attributes,
)

FORMAT = "volumen-prediction"
FORMAT_VERSION = 2  # since heads say what their numbers stand for
READABLE = (1, 2)
KEY = "volumen"
MARKS = ".done"

# What a stored number is multiplied by to be a probability.
SCALES: dict[Stored, float] = {"float32": 1.0, "float16": 1.0, "uint8": 1 / 255}


@dataclass(frozen=True)
class Prediction:
    """A prediction on disk and what it says of itself.

    Args:
        path: the Zarr group.
        heads: what each of its arrays is.
        models: folders of the models that were averaged.
        shape: voxels of every array.
        stored: type of the numbers on disk.
        attributes: everything else, the whole plan among it.
    """

    path: Path
    heads: tuple[HeadSpec, ...]
    models: tuple[str, ...]
    shape: Shape
    stored: Stored
    attributes: Mapping[str, Any]

    @property
    def voxel_size(self) -> VoxelSize | None:
        """Edge lengths of a voxel, where the source has them."""
        return self.open_head().voxel_size

    @property
    def roi(self) -> Box:
        """The part of the source that was predicted."""
        return Box.parse(self.attributes["roi"])

    @property
    def source_grid(self) -> SourceGrid | None:
        """The source's own voxels, where the prediction has others."""
        grid = self.attributes.get("source_grid")
        return SourceGrid.from_dict(grid) if grid else None

    @property
    def decoding(self) -> tuple[Component, ...]:
        """The clean-up that the first model's recipe asks for."""
        return tuple(Component.model_validate(step) for step in self.attributes["decoding"])

    def open_head(self, name: str | None = None, *, writable: bool = False) -> Volume:
        """The array of a head as it is stored; the first head's when none is said."""
        return open_volume(locate_head(self.path, find_head(self.heads, name)), writable=writable)

    def read(self, name: str | None = None, box: Box | None = None) -> Float32[np.ndarray, "... z y x"]:
        """Probabilities of a head: `z y x` for one channel, else `c z y x`."""
        stored = self.open_head(name).read(box)
        return restore_probabilities(stored, self.stored)


def open_prediction(path: str | Path) -> Prediction:
    """The prediction at a path; an error when there is none, or when it is not finished."""
    attributes = read_description(Path(path))
    if not attributes["finished"]:
        raise DataError(f"{path} is not finished; run the same prediction again to go on with it")
    return describe_prediction(Path(path), attributes)


def describe_prediction(path: Path, attributes: Mapping[str, Any]) -> Prediction:
    """The prediction that attributes describe, finished or not."""
    depth, height, width = attributes["shape"]
    return Prediction(
        path=path,
        heads=tuple(HeadSpec.from_dict(head) for head in attributes["heads"]),
        models=tuple(attributes["models"]),
        shape=(depth, height, width),
        stored=cast("Stored", attributes["stored"]),
        attributes=attributes,
    )


def read_description(path: Path) -> dict[str, Any]:
    """What a prediction says of itself."""
    if not path.exists():
        raise MissingError(f"there is no prediction at {path}; `volumen predict` makes one")
    try:
        attributes = read_attributes(path).get(KEY)
    except FormatError:
        attributes = None
    if not isinstance(attributes, dict):
        raise DataError(f"{path} is not a prediction of volumen; `volumen predict` makes one")
    if attributes.get("format") != FORMAT or attributes.get("version") not in READABLE:
        raise DataError(
            f"{path} has format {attributes.get('format')} {attributes.get('version')}; "
            f"{FORMAT} to {FORMAT_VERSION} is read here: install another volumen or predict again"
        )
    return attributes


def find_earlier(path: Path) -> dict[str, Any] | None:
    """The plan of a prediction that was begun at this path; None where nothing is."""
    if not path.exists():
        return None
    try:
        return cast("dict[str, Any]", read_description(path)["plan"])
    except DataError as error:
        raise ExistsError(f"{path} is there and is no prediction to go on with ({error}); name another path") from error


def begin_prediction(
    path: Path,
    attributes: Mapping[str, Any],
    *,
    chunks: Shape,
    voxel_size: VoxelSize | None,
    offset: tuple[float, float, float] | None,
) -> Prediction:
    """An empty prediction with its arrays, made beside its place and moved there; one with the same plan is kept."""
    stamped = {"format": FORMAT, "version": FORMAT_VERSION, "finished": False, **attributes}
    temporary = path.with_name(f".{path.name}")
    with hold_lock(path.with_name(f".{path.name}.lock"), path):
        earlier = find_earlier(path)
        if earlier is not None:
            refuse_other_plan(path, earlier, attributes["plan"])
            return describe_prediction(path, read_description(path))
        prediction = describe_prediction(temporary, stamped)
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            create_group(temporary, {KEY: stamped})
            for head in prediction.heads:
                create_volume(
                    locate_head(temporary, head),
                    shape=prediction.shape,
                    dtype=np.dtype(prediction.stored),
                    channels=None if head.channels == 1 else head.channels,
                    voxel_size=voxel_size,
                    offset=offset,
                    chunks=chunks,
                )
            temporary.rename(path)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise OutputError(f"{path} cannot be written: {error}; give a folder with room") from error
    return describe_prediction(path, stamped)


def finish_prediction(prediction: Prediction) -> Prediction:
    """The prediction, marked as whole."""
    attributes = {**prediction.attributes, "finished": True}
    write_attributes(prediction.path, {KEY: attributes})
    return describe_prediction(prediction.path, attributes)


def refuse_other_plan(path: Path, earlier: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """ConfigError with every difference when a prediction was begun otherwise."""
    differences = [
        f"{key} was {earlier.get(key)} and is {plan.get(key)}"
        for key in sorted(earlier.keys() | plan.keys())
        if earlier.get(key) != plan.get(key)
    ]
    if differences:
        raise ConfigError(
            f"{path} was begun otherwise: {'; '.join(differences)}; ask for the same, name another path or remove it"
        )


def locate_head(path: Path, head: HeadSpec) -> str:
    """Spec of the array of a head."""
    return str(path / head.name)


def restore_probabilities(values: np.ndarray, stored: Stored) -> Float32[np.ndarray, "..."]:
    """Probabilities from what is stored."""
    if stored == "uint8":
        return values.astype(np.float32) / np.float32(255)
    return values.astype(np.float32)
