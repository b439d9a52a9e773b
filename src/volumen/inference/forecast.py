"""What predicting a volume will take: tiles, time, memory; nothing of it is made."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from volumen.errors import ShapeError
from volumen.geometry import Box, Shape, TileGrid, count_overlap
from volumen.inference.regions import Buffers, choose_region, estimate_load
from volumen.networks import Memory
from volumen.volumes import Volume

FLOAT = 4  # bytes


@dataclass(frozen=True)
class TileForecast:
    """What predicting a volume will take.

    Args:
        spec: the volume.
        shape: its voxels.
        tile: voxels of a tile.
        overlap: that neighbouring tiles share at least.
        tiles: that are computed, those that two regions share twice.
        network: bytes of the network and the forward of a tile, where the network is.
        buffers: bytes of input, means and output that are held at once, in the process.
        seconds: of all forwards; reading and writing go on beside them.
    """

    spec: str
    shape: Shape
    tile: Shape
    overlap: Shape
    tiles: int
    network: int
    buffers: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def forecast_prediction(
    source: Volume,
    *,
    tile: Shape,
    overlap: float | Shape,
    outputs: int,
    memory: Memory,
    seconds: float,
    batch: int = 1,
) -> TileForecast:
    """What predicting a volume with one model and one process will take, when nothing else is asked for.

    Args:
        source: the volume.
        tile: voxels of a tile.
        overlap: a share of the tile, or voxels.
        outputs: channels of all heads.
        memory: of the network for a batch of tiles.
        seconds: of the forward of a tile.
        batch: tiles of a batch.
    """
    shared = count_overlap(overlap, tile)
    if any(common >= edge for common, edge in zip(shared, tile, strict=True)):
        raise ShapeError(f"the overlap must be below the tile's {tile} on every axis; it is {shared}")
    grid = TileGrid.plan(source.shape, tile, shared)
    buffers = Buffers(
        tile=tile,
        batch=batch,
        channels=source.channels or 1,
        itemsize=source.dtype.itemsize,
        sums=outputs,
        stored=outputs * FLOAT,
    )
    whole = Box.whole(source.shape)
    load = partial(estimate_load, grid, whole, workers=1)
    region = choose_region(whole, buffers, None, load=load)
    return TileForecast(
        spec=source.spec,
        shape=source.shape,
        tile=tile,
        overlap=shared,
        tiles=load(region),
        network=memory.prediction,
        buffers=buffers.measure(region),
        seconds=load(region) * seconds,
    )
