"""What every augmentation keeps; a new one joins ALL with one line."""

import numpy as np
import pytest
import torch

from volumen.data import (
    BrightnessContrast,
    Elastic,
    Flip,
    Gamma,
    GaussianNoise,
    PatchDropout,
    Rotate,
    Rotate90,
    Scale,
    SliceJitter,
)
from volumen.data.augmentation.warp import WarpRow
from volumen.errors import ConfigError

INTENSITY = [GaussianNoise(p=1.0), BrightnessContrast(p=1.0), Gamma(p=1.0), PatchDropout(p=1.0)]
EXACT = [Flip(p=1.0), Rotate90(p=1.0)]
WARPS = [
    Elastic(most=1.5, spacing=4.0, p=1.0),
    Rotate(p=1.0),
    Rotate(degrees=(180.0, 0.0, 0.0), p=1.0),
    Scale(0.5, 1.5, p=1.0),
    SliceJitter(share=0.9, p=1.0),
    WarpRow((Elastic(most=1.5, spacing=4.0, p=1.0), Scale(p=1.0), Rotate(p=1.0), SliceJitter(p=1.0))),
]
ALL = INTENSITY + EXACT + WARPS
SPATIAL = EXACT + WARPS
ALONE = [transform for transform in ALL if not isinstance(transform, WarpRow)]
STILL = [
    BrightnessContrast(1.0, 1.0, p=1.0),
    Elastic(most=0.0, p=1.0),
    Gamma(1.0, 1.0, p=1.0),
    GaussianNoise(sigma=0.0, p=1.0),
    Rotate(degrees=0.0, p=1.0),
    Scale(1.0, 1.0, p=1.0),
    SliceJitter(most=0, p=1.0),
]
SHAPE = (6, 6, 6)


def parametrize(transforms):
    return pytest.mark.parametrize("transform", transforms, ids=lambda transform: type(transform).__name__)


def draw_many(transform, count, shape=SHAPE):
    rng = np.random.default_rng(3)
    return [transform.draw(rng, shape) for _ in range(count)]


@parametrize(ALL)
def test_the_same_stream_draws_the_same_and_replays_exactly(transform):
    image = torch.rand(4, 1, *SHAPE)
    params = draw_many(transform, 4)
    assert params == draw_many(transform, 4)
    assert torch.equal(transform.apply(image, params, "image"), transform.apply(image.clone(), params, "image"))


@parametrize(ALL)
def test_a_batch_is_its_samples_one_by_one(transform):
    image = torch.rand(5, 2, *SHAPE)
    params = draw_many(transform, 5)
    alone = [transform.apply(image[i : i + 1], params[i : i + 1], "image") for i in range(5)]
    torch.testing.assert_close(transform.apply(image, params, "image"), torch.cat(alone))


@parametrize(ALL)
def test_the_input_is_left_as_it_was(transform):
    image = torch.rand(8, 1, *SHAPE)
    before = image.clone()
    changed = transform.apply(image, draw_many(transform, 8), "image")
    assert torch.equal(image, before)
    assert not torch.equal(changed, before)


@parametrize(INTENSITY + EXACT)
def test_labels_keep_their_values_and_their_type(transform):
    labels = torch.randint(0, 2**40, (6, *SHAPE))
    labels[:, 0] = -100
    changed = transform.apply(labels, draw_many(transform, 6), "labels")
    assert changed.dtype == torch.int64
    assert torch.equal(changed.flatten(1).sort(1).values, labels.flatten(1).sort(1).values)


@parametrize(WARPS)
def test_ids_that_no_float_holds_are_never_mixed(transform):
    labels = torch.randint(2**40, 2**60, (6, *SHAPE))
    labels[:, 0] = -100
    changed = transform.apply(labels, draw_many(transform, 6), "labels")
    assert changed.dtype == torch.int64
    assert not torch.equal(changed, labels)
    for before, after in zip(labels, changed, strict=True):
        assert torch.isin(after, before).all()


@parametrize(WARPS)
def test_what_nobody_looked_at_stays_so(transform):
    labels = torch.full((6, *SHAPE), -100)
    assert torch.equal(transform.apply(labels, draw_many(transform, 6), "labels"), labels)


@parametrize(ALL)
def test_image_and_labels_move_together(transform):
    labels = torch.randint(0, 50, (6, *SHAPE))
    params = draw_many(transform, 6)
    moved = transform.apply(labels, params, "labels")
    as_mask = transform.apply(labels[:, None].float(), params, "mask")
    assert torch.equal(as_mask[:, 0].long(), moved.clamp(min=0))
    if transform in EXACT:
        assert torch.equal(transform.apply(labels[:, None].float(), params, "image"), as_mask)


@parametrize(WARPS)
def test_an_image_of_the_labels_is_warped_to_the_same_places(transform):
    """A ramp is read off between voxels, its labels at the nearest one: at most half a voxel apart on each axis."""
    shape = (9, 12, 12)
    params = draw_many(transform, 6, shape)
    for axis in range(3):
        labels = torch.arange(shape[axis]).view([-1 if a == axis else 1 for a in range(3)]).expand(6, *shape)
        image = transform.apply(labels[:, None].float(), params, "image")[:, 0]
        moved = transform.apply(labels, params, "labels")
        known = moved != -100
        assert known.float().mean() > 0.5
        assert (image - moved)[known].abs().max() <= 0.5 + 1e-4


@parametrize(SPATIAL)
def test_labels_with_a_halo_agree_with_those_without(transform):
    """Labels reach 2, 3 and 4 voxels past the patch; within it they are the same, whatever lies around."""
    shape, halo = (6, 9, 9), (2, 3, 3)
    around = torch.randint(0, 2**40, (6, 10, 15, 15))
    z, y, x = (slice(margin, margin + edge) for margin, edge in zip(halo, shape, strict=True))
    params = draw_many(transform, 6, shape)
    moved = transform.apply(around, params, "labels")
    assert torch.equal(moved[:, z, y, x], transform.apply(around[:, z, y, x].clone(), params, "labels"))


@parametrize(ALL)
def test_a_single_section_keeps_its_shape_its_type_and_its_range(transform):
    shape = (1, 8, 8)
    image, labels = torch.rand(4, 2, *shape), torch.randint(0, 9, (4, *shape))
    params = draw_many(transform, 4, shape)
    changed = transform.apply(image, params, "image")
    assert changed.shape == image.shape
    assert changed.dtype == image.dtype
    assert changed.isfinite().all()
    assert transform.apply(labels, params, "labels").shape == labels.shape


@parametrize(ALL)
def test_a_patch_of_one_value_stays_finite_and_smaller_floats_stay_small(transform):
    image = torch.full((3, 1, *SHAPE), 0.5, dtype=torch.bfloat16)
    changed = transform.apply(image, draw_many(transform, 3), "image")
    assert changed.dtype == torch.bfloat16
    assert changed.isfinite().all()


@parametrize(STILL)
def test_at_no_strength_nothing_happens(transform):
    image, labels = torch.rand(3, 1, *SHAPE), torch.randint(0, 9, (3, *SHAPE))
    params = draw_many(transform, 3)
    assert torch.equal(transform.apply(labels, params, "labels"), labels)
    torch.testing.assert_close(transform.apply(image, params, "image"), image)


@parametrize(ALONE)
def test_at_p_0_nothing_happens(transform):
    still = type(transform)(p=0.0)
    image = torch.rand(3, 1, *SHAPE)
    assert torch.equal(still.apply(image, draw_many(still, 3), "image"), image)


@parametrize(ALONE)
def test_at_p_one_half_about_half_the_samples_change(transform):
    often = type(transform)(**({"share": 1.0} if isinstance(transform, SliceJitter) else {}), p=0.5)
    image = torch.rand(120, 1, 3, 3, 3)
    changed = often.apply(image, draw_many(often, 120, (3, 3, 3)), "image")
    assert 40 < (changed != image).flatten(1).any(1).sum() < 80


@parametrize(ALONE)
def test_a_probability_above_one_is_refused(transform):
    with pytest.raises(ConfigError, match="p is a probability"):
        type(transform)(p=50.0)


@parametrize(EXACT)
def test_vectors_turn_with_the_space_they_live_in(transform):
    """The gradient of a moved image is the moved gradient."""
    image = torch.rand(12, 1, *SHAPE)
    params = draw_many(transform, 12)
    moved_gradient = transform.apply(measure_gradient(image), params, "vectors")
    torch.testing.assert_close(measure_gradient(transform.apply(image, params, "image")), moved_gradient)


def measure_gradient(image):
    return torch.stack(torch.gradient(image[:, 0], dim=(1, 2, 3)), 1)


@pytest.mark.gpu
@parametrize([transform for transform in ALL if not isinstance(transform, GaussianNoise)])
def test_a_gpu_changes_images_as_the_processor_does(transform):
    image, params = torch.rand(4, 1, *SHAPE), draw_many(transform, 4)
    there = transform.apply(image.cuda(), params, "image").cpu()
    torch.testing.assert_close(there, transform.apply(image, params, "image"), atol=1e-4, rtol=1e-4)
