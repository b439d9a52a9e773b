import numpy as np
import pytest
import torch

from volumen.geometry import Box, TileGrid, blend_window
from volumen.inference import predict_array
from volumen.inference.blending import SlabAccumulator, share_axis


def blend_in_double(grid, tiles):
    """Weighted sums over the whole volume divided by the sums of weights."""
    z, y, x = (blend_window(edge).astype(float) for edge in grid.tile)
    window = z[:, None, None] * y[:, None] * x
    sums, weights = np.zeros(grid.shape), np.zeros(grid.shape)
    for box, tile in zip(grid.boxes(), tiles, strict=True):
        inside = box.clip(Box.whole(grid.shape))
        local = inside.relative_to(box.start).slices
        sums[inside.slices] += (tile * window)[local]
        weights[inside.slices] += window[local]
    return sums / weights


@pytest.mark.parametrize("overlap", [0, 2, 5, 7])
def test_means_are_the_gaussian_weighted_ones(overlap, rng):
    grid = TileGrid.plan((19, 11, 6), (8, 9, 8), overlap)
    tiles = rng.normal(size=(len(grid), *grid.tile)).astype(np.float32)
    given = iter(tiles)

    result = predict_array(
        lambda image: torch.from_numpy(next(given))[None, None], np.zeros(grid.shape), tile=grid.tile, overlap=overlap
    )

    np.testing.assert_allclose(result, blend_in_double(grid, tiles), rtol=1e-5, atol=1e-6)


def test_the_first_tile_along_an_axis_weighs_as_much_as_all_so_far():
    grid = TileGrid.plan((20, 8, 8), (8, 8, 8), 3)

    first, second = (share_axis(grid, 0, start) for start in grid.starts[0][:2])

    assert not first.before.any()
    assert second.before[0] > 0
    assert second.before[-1] == 0
    assert (first.total >= 1).all()


def test_no_more_planes_are_held_than_a_tile_is_deep():
    grid = TileGrid.plan((100, 8, 8), (10, 8, 8), 4)
    slab = SlabAccumulator(grid, Box.whole(grid.shape), torch.device("cpu"))
    planes = []

    for box in grid.boxes():
        planes += [finished.z for finished in slab.finish(box.start[0])]
        slab.add(box, {"": torch.ones(1, 10, 8, 8)})

    assert slab._means[""].shape == (1, 10, 8, 8)
    assert planes == sorted(planes)
