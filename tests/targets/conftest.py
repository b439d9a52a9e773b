"""Small labelled patches with everything that goes wrong elsewhere: touching, diagonal, thin and cut objects."""

import numpy as np
import pytest
import torch

SHAPE = (12, 12, 12)
IGNORED = -100


def draw_objects(shape=SHAPE, seed=0, count=6):
    """Boxes that touch, overlap each other's corners and leave the patch."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int64)
    for number in range(1, count + 1):
        start = rng.integers(-2, np.array(shape) - 2)
        stop = start + rng.integers(2, 7, 3)
        labels[tuple(slice(max(0, low), high) for low, high in zip(start, stop, strict=True))] = number
    return torch.from_numpy(labels)[None]


@pytest.fixture
def labels() -> torch.Tensor:
    """Six objects, a corner that nobody looked at."""
    drawn = draw_objects()
    drawn[0, :5, :4, 7:] = IGNORED
    return drawn
