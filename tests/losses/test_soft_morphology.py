import numpy as np
import pytest
import torch
from monai.losses.cldice import soft_skel
from scipy.ndimage import grey_dilation, grey_erosion
from torch.autograd import gradcheck

from volumen.losses.soft_morphology import dilate, erode, skeletonise

CROSS = [(z, y, x) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if abs(z) + abs(y) + abs(x) < 2]


@pytest.fixture(params=[(5, 6, 7), (1, 6, 5), (1, 1, 4)], ids=str)
def values(request):
    return torch.rand(2, 2, *request.param, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def filter_each(values, filter_map, **options):
    maps = [[filter_map(channel.numpy(), mode="nearest", **options) for channel in sample] for sample in values]
    return torch.from_numpy(np.array(maps))


def test_dilation_is_scipys(values):
    assert torch.equal(dilate(values, None), filter_each(values, grey_dilation, size=(3, 3, 3)))


def test_erosion_with_a_box_is_scipys(values):
    assert torch.equal(erode(values, None, "box"), filter_each(values, grey_erosion, size=(3, 3, 3)))


def test_erosion_with_a_cross_is_scipys(values):
    footprint = torch.zeros(3, 3, 3, dtype=torch.bool)
    for z, y, x in CROSS:
        footprint[z + 1, y + 1, x + 1] = True
    expected = filter_each(values, grey_erosion, footprint=footprint.numpy())
    assert torch.equal(erode(values, None), expected)


@pytest.mark.parametrize("neighbours", ["cross", "box"])
def test_gradients_are_those_of_differences(values, neighbours):
    def run(maps):
        return erode(maps, None, neighbours), dilate(maps, None)

    assert gradcheck(run, values[:1, :1].requires_grad_())


def test_equal_neighbours_share_the_gradient():
    values = torch.ones(1, 1, 1, 1, 3, requires_grad=True)
    erode(values, None)[..., 1].sum().backward()
    assert values.grad.flatten().tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("iterations", [1, 3])
def test_skeletons_and_their_gradients_are_monais(iterations):
    values = torch.rand(1, 2, 6, 7, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    share = torch.arange(values.numel()).view(values.shape)
    results = []
    for skeleton in (
        lambda maps: skeletonise(maps, None, iterations=iterations),
        lambda maps: soft_skel(maps, iterations),
    ):
        maps = values.clone().requires_grad_()
        made = skeleton(maps)
        (made * share).sum().backward()
        results.append((made.detach(), maps.grad))
    torch.testing.assert_close(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])


def test_the_skeleton_of_a_sheet_is_its_middle_and_covers_it():
    sheet = torch.zeros(1, 1, 12, 12, 12)
    sheet[:, :, 4:9] = 1
    skeleton = skeletonise(sheet, None, iterations=3)
    assert torch.equal(skeleton[:, :, 6], torch.ones(1, 1, 12, 12))
    assert skeleton.sum() == 144


@pytest.mark.parametrize("side", [0.0, 1.0])
def test_the_world_ends_where_nobody_looked(side):
    sheet, seen = torch.full((1, 1, 6, 6, 8), side), torch.zeros(1, 1, 6, 6, 8)
    seen[..., :5] = 1
    cut = torch.zeros(1, 1, 6, 6, 5)
    cut[:, :, 2:4] = 1
    sheet[..., :5] = cut
    found = skeletonise(sheet, seen, iterations=2)[..., :5]
    assert torch.equal(found, skeletonise(cut, None, iterations=2))
