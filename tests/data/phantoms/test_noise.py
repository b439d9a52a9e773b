"""Textures have the mean, deviation and grain they promise."""

import numpy as np
import pytest

from volumen.data.phantoms.noise import draw_field, draw_speckle, draw_texture, find_highest, parse_size, ramp, to_bytes
from volumen.errors import ShapeError


def test_a_size_is_an_edge_or_a_shape():
    assert parse_size(20) == (20, 20, 20)
    assert parse_size((16, 20, 24)) == (16, 20, 24)


@pytest.mark.parametrize("size", [15, 0, -3, (64, 64, 8), (64, 64)])
def test_a_size_that_cannot_hold_a_phantom_is_refused(size):
    with pytest.raises(ShapeError):
        parse_size(size)


@pytest.mark.parametrize("grain", [2.0, (1.5, 3.0, 4.0)])
def test_a_field_has_mean_zero_and_deviation_one(rng, grain):
    field = draw_field(rng, (60, 50, 40), grain=grain)
    assert field.shape == (60, 50, 40)
    assert abs(field.mean()) < 0.1
    assert field.std() == pytest.approx(1, abs=0.1)


def test_a_coarse_field_changes_little_from_voxel_to_voxel(rng):
    field = draw_field(rng, (32, 32, 32), grain=16.0)
    assert np.abs(np.diff(field, axis=0)).max() < 0.3


def test_a_texture_repeats_without_a_seam(rng):
    texture = draw_texture(rng, grain=(6.0, 6.0))
    steps = np.abs(np.diff(texture, axis=0)).max()
    assert np.abs(texture[0] - texture[-1]).max() <= 1.2 * steps


def test_speckle_has_deviation_one(rng):
    assert draw_speckle(rng, (20, 20, 20), blur=1.0).std() == pytest.approx(1, abs=1e-5)


def test_the_highest_part_of_a_field_is_the_share_asked_for(rng):
    high = find_highest(rng.standard_normal((40, 40, 40)).astype(np.float32), share=0.1)
    assert high.mean() == pytest.approx(0.1, abs=0.01)


def test_a_ramp_rises_from_zero_to_one_about_zero():
    values = np.array([-2, -0.5, 0, 0.5, 2], np.float32)
    np.testing.assert_allclose(ramp(values, softness=2.0), [0, 0.25, 0.5, 0.75, 1])


def test_grey_values_saturate_at_black_and_white():
    grey = to_bytes(np.array([[[-0.1, 0, 0.5, 1, 1.1]]], np.float32))
    assert grey.tolist() == [[[0, 0, 128, 255, 255]]]
