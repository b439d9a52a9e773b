"""Small masks that several files use."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def noise(rng: np.random.Generator) -> np.ndarray:
    """A third of the voxels at random: many small components and cavities."""
    return rng.random((11, 12, 13)) < 0.3


@pytest.fixture
def winding() -> np.ndarray:
    """A closed winding two voxels thick that runs through the volume along z: a tube, open at both ends."""
    y, x = np.indices((21, 21)) - 10
    radius = np.hypot(y, x)
    return np.broadcast_to((radius >= 6) & (radius < 8), (12, 21, 21)).copy()
