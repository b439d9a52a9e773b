"""Data sets of a few tiny TIFFs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

Write = Callable[..., Path]


@pytest.fixture
def write_volume(tmp_path: Path) -> Write:
    """Writes a volume below the data set's folder: zeros of a shape, or an array."""

    def write(name: str, content: tuple[int, ...] | np.ndarray = (4, 5, 6), dtype: str = "uint8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        array = content if isinstance(content, np.ndarray) else np.zeros(content, dtype)
        tifffile.imwrite(path, array, photometric="minisblack")
        return path

    return write


@pytest.fixture
def scrolls(tmp_path: Path, write_volume: Write, rng: np.random.Generator) -> Path:
    """Five cases of 12×14×16: noise, label 1 in the upper half of each slice, 2 where nobody looked."""
    for number in range(5):
        labels = np.zeros((12, 14, 16), np.uint8)
        labels[:, 7:] = 1
        labels[:, :, :2] = 2
        write_volume(f"train_images/s{number}.tif", rng.integers(0, 255, labels.shape, np.uint8))
        write_volume(f"train_labels/s{number}.tif", labels)
    return tmp_path
