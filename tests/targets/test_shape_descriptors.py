import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from volumen.geometry import VoxelSize
from volumen.targets import ShapeDescriptorsTarget


def describe_by_filters(labels, sigma, edges):
    """Sheridan's definition with SciPy: every object's moments by itself, in coordinates of the volume."""
    places = np.stack(np.meshgrid(*[np.arange(n) * e for n, e in zip(labels.shape, edges, strict=True)], indexing="ij"))

    def smooth(array):
        return gaussian_filter(array.astype(float), [sigma / e for e in edges], mode="constant", truncate=3.0)

    described = np.zeros((10, *labels.shape))
    for label in np.unique(labels[labels > 0]):
        mask = labels == label
        size = smooth(mask)
        safe = np.where(mask, size, 1)
        mean = np.stack([smooth(mask * place) for place in places]) / safe
        spread = {
            (i, j): smooth(mask * places[i] * places[j]) / safe - mean[i] * mean[j] for i in range(3) for j in range(3)
        }
        own = np.maximum([spread[i, i] for i in range(3)], 1e-3 * sigma**2)
        cross = [spread[i, j] / np.sqrt(own[i] * own[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        steps = (mean - places) / sigma
        described += np.clip([*(steps / 2 + 0.5), *(own / sigma**2), *(np.array(cross) / 2 + 0.5), size], 0, 1) * mask
    return described


@pytest.mark.parametrize(("voxel_size", "edges"), [(None, (1, 1, 1)), (VoxelSize(16, 8, 8), (2, 1, 1))])
def test_descriptors_agree_with_filters_over_every_object(rng, voxel_size, edges):
    labels = np.kron(rng.integers(0, 4, (3, 3, 4)), np.ones((4, 5, 4), int))
    encoded = ShapeDescriptorsTarget(sigma=2.0).encode(torch.from_numpy(labels)[None], voxel_size=voxel_size)
    np.testing.assert_allclose(encoded.values[0], describe_by_filters(labels, 2.0, edges), atol=1e-4)


def test_sections_are_described_by_themselves_in_the_plane(rng):
    labels = np.kron(rng.integers(0, 3, (3, 3, 3)), np.ones((1, 4, 4), int))
    encoded = ShapeDescriptorsTarget(sigma=2.0, dimensions=2).encode(torch.from_numpy(labels)[None])
    for z, section in enumerate(labels):
        alone = ShapeDescriptorsTarget(sigma=2.0, dimensions=2).encode(torch.from_numpy(section)[None, None])
        assert torch.equal(encoded.values[:, :, z : z + 1], alone.values)
    whole = describe_by_filters(labels[:1], 2.0, (1, 1, 1))
    np.testing.assert_allclose(encoded.values[0, :2, 0], whole[1:3, 0], atol=1e-4)


def test_in_a_large_object_steps_are_none_and_spreads_those_of_the_window():
    labels = torch.ones(1, 25, 25, 25, dtype=torch.int64)
    values = ShapeDescriptorsTarget(sigma=2.0).encode(labels).values[0, :, 12, 12, 12]
    np.testing.assert_allclose(values[:3], 0.5, atol=1e-6)
    np.testing.assert_allclose(values[3:6], 0.97, atol=0.02)
    np.testing.assert_allclose(values[6:9], 0.5, atol=1e-6)
    assert values[9] == pytest.approx(1, abs=1e-5)


def test_the_halo_is_what_the_window_reaches_or_what_is_asked():
    assert ShapeDescriptorsTarget(sigma=4.0).find_halo(VoxelSize(30, 10, 10)) == (4, 12, 12)
    assert ShapeDescriptorsTarget(sigma=4.0, halo=0).find_halo(None) == (1, 1, 1)


@pytest.mark.parametrize(("step", "most"), [(2, 0.03), (3, 0.05)])
def test_windows_a_few_voxels_apart_show_nearly_the_same(rng, step, most):
    labels = np.kron(rng.integers(0, 4, (2, 2, 2)), np.ones((11, 12, 13), int))
    whole, some = (
        ShapeDescriptorsTarget(sigma=8.0, step=each).encode(torch.from_numpy(labels)[None]) for each in (1, step)
    )
    seen = some.weight.expand_as(some.values) & (whole.values[:, -1:] > 0)
    assert (some.values - whole.values)[seen].abs().mean() < most
    assert some.weight.float().mean() > 0.85
    assert not some.values[(labels == 0)[None, None].repeat(10, 1)].any()


def test_windows_lie_a_quarter_of_sigma_apart_unless_asked_otherwise():
    labels = torch.ones(1, 16, 16, 16, dtype=torch.int64)
    chosen, asked = (ShapeDescriptorsTarget(sigma=8.0, step=step).encode(labels) for step in (None, 2))
    assert torch.equal(chosen.values, asked.values)
