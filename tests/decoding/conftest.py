"""The kit of a recipe, and a scroll small enough to count."""

import numpy as np
import pytest

from volumen.config import Component


@pytest.fixture(scope="session")
def kit() -> list[Component]:
    """What the scroll recipe does with its probabilities."""
    return [
        Component(name="threshold", options={"value": 0.5}),
        Component(name="min_size", options={"voxels": 100}),
        Component(name="max_hole", options={"voxels": 50}),
        Component(name="closing", options={"radius": 1}),
    ]


@pytest.fixture
def winding() -> np.ndarray:
    """A closed winding two voxels thick that runs through the volume along z: a tube, open at both ends."""
    y, x = np.indices((25, 25)) - 12
    radius = np.hypot(y, x)
    return np.broadcast_to((radius >= 7) & (radius < 9), (12, 25, 25)).copy()
