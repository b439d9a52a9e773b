"""Arrays in memory through any network: tiled, blended, nothing else."""

import numpy as np
import torch
from jaxtyping import Float32

from volumen.errors import DataError, ShapeError
from volumen.geometry import Box, Shape, TileGrid, to_shape
from volumen.inference.fetching import fetch_planes
from volumen.inference.stream import SOLE, Forward, TileFeeder, join_planes, stream_slabs

Predicted = Float32[np.ndarray, "... z y x"]


def predict_array(
    forward: Forward,
    array: np.ndarray,
    *,
    tile: int | tuple[int, int, int],
    overlap: float | tuple[int, int, int],
    batch: int = 1,
) -> Predicted | dict[str, Predicted]:
    """What the network gives for a whole array: float32 `c z y x`, or `z y x` when it gives one channel.

    Neither normalisation nor activation is applied. A network that gives heads gives a dictionary of arrays. Held: the
    array, the result and a slab of a tile's depth.

    Args:
        forward: called with float32 `b c z y x`, on the device of its parameters when it is a module (in the mode it is
            in), else on the CPU; gives a tensor or `{head: [finest, …]}`.
        array: `z y x` or `c z y x`, any real type.
        tile: voxels along each axis; arrays smaller than a tile are filled up with 0 and cropped again.
        overlap: what neighbouring tiles share at least: a share of the tile below 1, or voxels.
        batch: tiles in one call; the last is filled up, so that every call has the same shape.
    """
    image = check_array(array)
    grid = TileGrid.plan(to_shape(image.shape[1:]), spread_tile(tile), overlap)
    region = Box.whole(grid.shape)
    feeder = TileFeeder(image.shape[0], grid.tile, batch, find_device(forward))

    def cut(box: Box) -> Float32[np.ndarray, "c z y x"]:
        return image[(slice(None), *box.slices)].astype(np.float32)

    slabs = stream_slabs(forward, grid, region, cut, feeder=feeder)
    heads = join_planes(fetch_planes(slabs, feeder.device), region)
    shaped = {name: drop_sole_channel(planes) for name, planes in heads.items()}
    return shaped.get(SOLE, shaped)


def check_array(array: np.ndarray) -> np.ndarray:
    """The array as `c z y x`; an error when it has other axes, no voxels or no real numbers."""
    if array.ndim not in {3, 4}:
        raise ShapeError(f"an array of {array.ndim} axes {array.shape} was given; z y x or c z y x is needed")
    if not array.size:
        raise ShapeError(f"an array without voxels was given: {array.shape}")
    if array.dtype.kind not in "buif":
        raise DataError(f"voxels of type {array.dtype} were given; real numbers are needed")
    return array if array.ndim == 4 else array[None]  # noqa: PLR2004 - c z y x


def spread_tile(tile: int | tuple[int, int, int]) -> Shape:
    """A tile's three edges; one int stands for all."""
    edges = to_shape((tile,) * 3 if isinstance(tile, int) else tile)
    if min(edges) < 1:
        raise ShapeError(f"a tile needs at least one voxel along each axis; got {edges}")
    return edges


def find_device(forward: Forward) -> torch.device:
    """Where a module's parameters are; the CPU for anything else."""
    parameters = forward.parameters() if isinstance(forward, torch.nn.Module) else iter(())
    first = next(parameters, None)
    return torch.device("cpu") if first is None else first.device


def drop_sole_channel(planes: Float32[np.ndarray, "c z y x"]) -> Predicted:
    """`z y x` when there is one channel."""
    return planes[0] if planes.shape[0] == 1 else planes
