"""Scroll phantoms look like scroll CT to a network, and like nothing to a threshold."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from volumen.data.phantoms.scroll import BORDER, RECTO_PLY, ScrollPhantom, make_scroll
from volumen.errors import ShapeError


@pytest.fixture(scope="module")
def phantoms() -> list[ScrollPhantom]:
    return [make_scroll(64, seed) for seed in range(6)]


def score_best_threshold(phantoms: list[ScrollPhantom]) -> float:
    """Dice of the grey value above which most is surface, in all phantoms together."""
    seen = [(p.image[p.labels < 2], p.labels[p.labels < 2] == 1) for p in phantoms]
    surface = sum(np.bincount(image[truth], minlength=256) for image, truth in seen)
    other = sum(np.bincount(image[~truth], minlength=256) for image, truth in seen)
    hits, misses = np.cumsum(surface[::-1]), np.cumsum(other[::-1])
    return float((2 * hits / (hits + misses + surface.sum())).max())


def test_the_same_seed_gives_the_same_bytes(phantoms):
    again = make_scroll(64, 3)
    assert again.image.tobytes() == phantoms[3].image.tobytes()
    assert again.labels.tobytes() == phantoms[3].labels.tobytes()


def test_another_seed_gives_another_scroll(phantoms):
    assert (phantoms[0].image != phantoms[1].image).mean() > 0.9


@pytest.mark.parametrize("shape", [(16, 16, 16), (16, 40, 72), (33, 17, 20)])
def test_any_shape_can_be_asked_for(shape):
    phantom = make_scroll(shape, 1)
    assert phantom.image.shape == phantom.labels.shape == shape
    assert phantom.image.dtype == phantom.labels.dtype == np.uint8


def test_a_size_too_small_for_a_sheet_is_refused():
    with pytest.raises(ShapeError, match="at least 16 voxels"):
        make_scroll(8, 0)


def test_labels_are_background_surface_and_unseen(phantoms):
    for phantom in phantoms:
        assert np.unique(phantom.labels).tolist() == [0, 1, 2]


def test_nobody_looked_at_the_faces(phantoms):
    for phantom in phantoms:
        framed = np.ones(phantom.labels.shape, bool)
        framed[(slice(BORDER, -BORDER),) * 3] = False
        assert (phantom.labels[framed] == 2).all()


def test_surface_is_a_small_part_of_what_was_looked_at(phantoms):
    surface = np.mean([np.mean(phantom.labels == 1) for phantom in phantoms])
    unseen = np.mean([np.mean(phantom.labels == 2) for phantom in phantoms])
    assert 0.03 < surface < 0.12
    assert 0.3 < unseen < 0.7


def test_the_surface_is_two_to_three_voxels_thick(phantoms):
    for phantom in phantoms:
        to_the_side = distance_transform_edt(phantom.labels == 1)
        assert np.percentile(to_the_side[phantom.labels == 1], 99) <= RECTO_PLY


def test_no_threshold_finds_the_surface(phantoms):
    assert score_best_threshold(phantoms) < 0.35


def test_grey_values_use_the_range_without_saturating(phantoms):
    for phantom in phantoms:
        assert phantom.image.std() > 15
        assert np.isin(phantom.image, (0, 255)).mean() < 0.35
