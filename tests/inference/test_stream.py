import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.geometry import Box, TileGrid
from volumen.inference.stream import TileFeeder, join_planes, stream_slabs
from volumen.inference.tiles import InputSlab


class Planes:
    """An array as a volume that counts what is read."""

    def __init__(self, array, chunks=(4, 4, 4)):
        self.array = array
        self.shape = array.shape
        self.channels = None
        self.dtype = array.dtype
        self.chunks = chunks
        self.boxes = []

    def read(self, box=None):
        self.boxes.append(box)
        return self.array[box.slices]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    layers = [torch.nn.Conv3d(1, 4, 3, padding=1), torch.nn.InstanceNorm3d(4), torch.nn.Conv3d(4, 2, 3, padding=1)]
    return torch.nn.Sequential(*layers).eval()


def predict_region(network, source, grid, region, batch):
    slab = InputSlab(source, Box.whole(grid.shape), grid.tile[0])
    feeder = TileFeeder(1, grid.tile, batch, torch.device("cpu"))
    slabs = stream_slabs(network, grid, region, lambda box: slab.cut(box).astype(np.float32), feeder=feeder)
    return join_planes(slabs, region)[""]


def cut_regions(shape, block):
    for start in itertools.product(*(range(0, extent, edge) for extent, edge in zip(shape, block, strict=True))):
        yield Box.at(start, block).clip(Box.whole(shape))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("shape", [(34, 33, 20), (7, 24, 5)])
@pytest.mark.parametrize("block", [(40, 16, 16), (17, 14, 20)])
def test_the_whole_and_its_regions_in_any_order_give_the_same_bytes(network, rng, shape, block, batch):
    source = Planes(rng.random(shape).astype(np.float32))
    grid = TileGrid.plan(shape, (16, 16, 16), 5)

    whole = predict_region(network, source, grid, Box.whole(shape), batch)
    regions = list(cut_regions(shape, block))
    rng.shuffle(regions)
    parts = np.full_like(whole, np.nan)
    for region in regions:
        parts[(slice(None), *region.slices)] = predict_region(network, source, grid, region, batch)

    assert whole.tobytes() == parts.tobytes()


@given(data=st.data(), tile=st.integers(1, 7), overlap=st.floats(0, 0.8), chunk=st.integers(1, 6))
@settings(deadline=None, max_examples=30)
def test_any_box_of_any_grid_equals_the_same_box_of_the_whole(data, tile, overlap, chunk):
    shape = data.draw(st.tuples(*[st.integers(1, 13)] * 3))
    low = data.draw(st.tuples(*[st.integers(0, extent - 1) for extent in shape]))
    high = data.draw(st.tuples(*[st.integers(a + 1, b) for a, b in zip(low, shape, strict=True)]))
    source = Planes(np.random.default_rng(0).random(shape).astype(np.float32), (chunk, 4, 4))
    grid = TileGrid.plan(shape, (tile,) * 3, overlap)
    region = Box(low, high)

    whole = predict_region(torch.sin, source, grid, Box.whole(shape), 2)
    part = predict_region(torch.sin, source, grid, region, 2)

    assert whole[(slice(None), *region.slices)].tobytes() == part.tobytes()


def test_every_plane_is_read_once_and_whole_chunks_at_a_time():
    source = Planes(np.zeros((40, 8, 8), np.uint8), chunks=(4, 8, 8))
    grid = TileGrid.plan((40, 8, 8), (10, 8, 8), 3)

    predict_region(torch.nn.Identity(), source, grid, Box.whole((40, 8, 8)), 1)

    edges = [(box.start[0], box.stop[0]) for box in source.boxes]
    assert edges[0][0] == 0
    assert edges[-1][1] == 40
    assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(edges))
    assert all(start % 4 == 0 for start, _ in edges)
