"""Truths, and what other targets would say of the same labels, written out here once more."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt
from skimage.morphology import skeletonize

from volumen.losses import TruthMap
from volumen.morphology import find_medial_surface


def measure_signed(mask: np.ndarray) -> np.ndarray:
    """Negative inside, half a voxel at either side of the border; far away where there is none."""
    if mask.all() or not mask.any():
        return np.full(mask.shape, -20.0 if mask.all() else 20.0)
    return np.where(mask, 0.5 - distance_transform_edt(mask), distance_transform_edt(~mask) - 0.5)


def find_edges(mask: np.ndarray) -> np.ndarray:
    return mask & ~binary_erosion(mask, border_value=1)


DRAWERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "distance": measure_signed,
    "boundary": find_edges,
    "skeleton": skeletonize,
    "medial_surface": find_medial_surface,
}


@pytest.fixture
def make_maps() -> Callable[..., dict[str, TruthMap]]:
    """What losses look at beside, from labels `b z y x`."""

    def make(labels: torch.Tensor, weight: torch.Tensor | None = None) -> dict[str, TruthMap]:
        masks = labels.numpy() > 0
        weight = torch.ones(labels.shape).unsqueeze(1) if weight is None else weight
        arrays = {name: np.stack([draw(mask) for mask in masks]) for name, draw in DRAWERS.items()}
        return {name: TruthMap(torch.from_numpy(array).float()[:, None], weight) for name, array in arrays.items()}

    return make
