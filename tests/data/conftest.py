"""Data sets of a few tiny TIFFs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from volumen.data import indexing
from volumen.data.index import PatchIndex
from volumen.data.labels import Seen
from volumen.data.views import CaseView
from volumen.geometry import Box
from volumen.metrics import build_table

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
def count_labels(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PatchIndex]:
    """Makes the index of an array in one go; cells have an edge of 4, so that a tiny volume has several."""
    monkeypatch.setattr(indexing, "EDGE", 4)

    def count(labels: np.ndarray, known: np.ndarray | None = None) -> PatchIndex:
        tally = indexing.CellTally(labels.shape)
        table = build_table(
            tally.number_cells(Box.whole(labels.shape)), labels, ignore=None if known is None else ~known
        )
        tally.add(table.predicted.astype(np.int64), table.true.astype(np.int64), table.voxels)
        return tally.close(merged=False)

    return count


@pytest.fixture
def look_at(count_labels: Callable[..., PatchIndex]) -> Callable[..., CaseView]:
    """Makes what a sampling sees of an array of labels; all of them are known when nothing is said."""

    def look(labels: np.ndarray, patch: tuple[int, int, int], known: np.ndarray | None = None) -> CaseView:
        seen = Seen(labels, np.ones(labels.shape, bool) if known is None else known)
        read = lambda box: Seen(*(array[box.slices] for array in seen))  # noqa: E731
        return CaseView(labels.shape, patch, read, count_labels(*seen))

    return look


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of caches of one's own: where indices of labels are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "volumen" / "patches"


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
