"""What every augmentation keeps; a new one joins ALL with one line."""

import numpy as np
import pytest
import torch

from volumen.data import BrightnessContrast, Flip, GaussianNoise, Rotate90
from volumen.errors import ConfigError

ALL = [Flip(p=1.0), Rotate90(p=1.0), GaussianNoise(p=1.0), BrightnessContrast(p=1.0)]
SPATIAL = [Flip(p=1.0), Rotate90(p=1.0)]
SHAPE = (6, 6, 6)

every = pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
spatial = pytest.mark.parametrize("transform", SPATIAL, ids=lambda transform: type(transform).__name__)


def draw_many(transform, count, shape=SHAPE):
    rng = np.random.default_rng(3)
    return [transform.draw(rng, shape) for _ in range(count)]


@every
def test_the_same_stream_draws_the_same_and_replays_exactly(transform):
    image = torch.rand(4, 1, *SHAPE)
    params = draw_many(transform, 4)
    assert params == draw_many(transform, 4)
    assert torch.equal(transform.apply(image, params, "image"), transform.apply(image.clone(), params, "image"))


@every
def test_a_batch_is_its_samples_one_by_one(transform):
    image = torch.rand(5, 2, *SHAPE)
    params = draw_many(transform, 5)
    alone = [transform.apply(image[i : i + 1], params[i : i + 1], "image") for i in range(5)]
    torch.testing.assert_close(transform.apply(image, params, "image"), torch.cat(alone))


@every
def test_the_input_is_left_as_it_was(transform):
    image = torch.rand(8, 1, *SHAPE)
    before = image.clone()
    changed = transform.apply(image, draw_many(transform, 8), "image")
    assert torch.equal(image, before)
    assert not torch.equal(changed, before)


@every
def test_labels_keep_their_values_and_their_type(transform):
    labels = torch.randint(0, 2**40, (6, *SHAPE))
    labels[:, 0] = -100
    changed = transform.apply(labels, draw_many(transform, 6), "labels")
    assert changed.dtype == torch.int64
    assert torch.equal(changed.flatten(1).sort(1).values, labels.flatten(1).sort(1).values)


@every
def test_image_and_labels_move_together(transform):
    labels = torch.randint(0, 50, (6, *SHAPE))
    params = draw_many(transform, 6)
    as_mask = transform.apply(labels[:, None].float(), params, "mask")
    assert torch.equal(as_mask[:, 0].long(), transform.apply(labels, params, "labels"))
    if transform in SPATIAL:
        assert torch.equal(transform.apply(labels[:, None].float(), params, "image"), as_mask)


@every
def test_at_p_0_nothing_happens(transform):
    still = type(transform)(p=0.0)
    image = torch.rand(3, 1, *SHAPE)
    assert torch.equal(still.apply(image, draw_many(still, 3), "image"), image)


@every
def test_at_p_one_half_about_half_the_samples_change(transform):
    often = type(transform)(p=0.5)
    image = torch.rand(400, 1, 3, 3, 3)
    changed = often.apply(image, draw_many(often, 400, (3, 3, 3)), "image")
    assert 150 < (changed != image).flatten(1).any(1).sum() < 250


@every
def test_a_probability_above_one_is_refused(transform):
    with pytest.raises(ConfigError, match="p is a probability"):
        type(transform)(p=50.0)


@spatial
def test_vectors_turn_with_the_space_they_live_in(transform):
    """The gradient of a moved image is the moved gradient."""
    image = torch.rand(12, 1, *SHAPE)
    params = draw_many(transform, 12)
    moved_gradient = transform.apply(measure_gradient(image), params, "vectors")
    torch.testing.assert_close(measure_gradient(transform.apply(image, params, "image")), moved_gradient)


def measure_gradient(image):
    return torch.stack(torch.gradient(image[:, 0], dim=(1, 2, 3)), 1)
