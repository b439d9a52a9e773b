"""Instance labels with mistakes, and a volume that only gives out boxes."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from volumen.geometry import Box


@dataclass
class FakeVolume:
    """Reads boxes of an array and remembers them."""

    array: np.ndarray
    chunks: tuple[int, int, int] = (4, 4, 4)
    boxes: list[Box] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def read(self, box: Box | None = None) -> np.ndarray:
        box = box or Box.whole(self.shape)
        self.boxes.append(box)
        return self.array[box.slices]


@pytest.fixture
def make_volume() -> type[FakeVolume]:
    return FakeVolume


@pytest.fixture
def truth(rng: np.random.Generator) -> np.ndarray:
    """Blocks of labels 0 to 7, long along x as in a real segmentation."""
    return np.repeat(rng.integers(0, 8, (6, 7, 5)), 4, axis=2)


@pytest.fixture
def prediction(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The truth with labels 2 and 3 merged, 4 split, and a fifth of the voxels wrong."""
    labels = np.where(truth == 3, 2, truth)
    labels[:3][labels[:3] == 4] = 9
    return np.where(rng.random(truth.shape) < 0.2, rng.integers(0, 8, truth.shape), labels)
