"""Predictions into label files that other programs open."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt8

from volumen.config import Component
from volumen.decoding import Decoded, Source, decode_heads
from volumen.geometry import VoxelSize
from volumen.inference.prediction_files import Prediction
from volumen.volumes import export_volume

SHOWN = 255
VISUALIZATION = "_visualization"


def export_labels(
    prediction: Prediction,
    target: str | Path,
    steps: Sequence[Component],
    *,
    head: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Decoded:
    """What was decoded, after it was written to `target` and, for the eye, to `NAME_visualization` beside it.

    The first holds 0 and 1, or the number of each instance; the second 0 and 255. Both have the voxels of the source,
    also where the prediction has others. In memory: the heads that the first
    step reads (4 bytes a voxel and channel) and what decoding takes beside them.

    Args:
        prediction: a finished one.
        target: a file of a kind that `export_volume` writes, as NAME.tif.
        steps: components of the kind `decoding`.
        head: which head is decoded; the first that the steps can read when not said.
        progress: called with steps done and in all.
    """
    source = Source(prediction.read, prediction.heads, main=head, voxel_size=prediction.voxel_size)
    decoded = decode_heads(source, steps, progress=progress)
    grid = prediction.source_grid
    if grid is None:
        write_labels(decoded.labels, Path(target), voxel_size=prediction.voxel_size)
    else:
        write_labels(grid.bring_back(decoded.labels), Path(target), voxel_size=grid.voxel_size)
    return decoded


def write_labels(labels: Integer[np.ndarray, "z y x"], target: Path, *, voxel_size: VoxelSize | None) -> None:
    """Writes labels in the smallest type that holds them, and a copy for the eye beside them."""
    shown = target.with_name(f"{target.stem}{VISUALIZATION}{target.suffix}")
    narrow = labels.astype(np.min_scalar_type(int(labels.max(initial=0))))
    export_volume(_brighten(labels), shown, voxel_size=voxel_size)
    export_volume(narrow, target, voxel_size=voxel_size)


def _brighten(labels: Integer[np.ndarray, "z y x"]) -> UInt8[np.ndarray, "z y x"]:
    """255 where there is a label."""
    return (labels > 0).astype(np.uint8) * np.uint8(SHOWN)
