"""Which values a label file holds, and how often: counted a piece at a time."""

import numpy as np
from jaxtyping import Int64, Integer, Shaped

# Counts of pieces that are merged together: merging costs as much as all values there are.
_PENDING = 2**20


class Tally:
    """Voxels of each value. Held: sixteen bytes for each value there is, twice while pieces are merged."""

    def __init__(self) -> None:
        self._pieces: list[tuple[np.ndarray, np.ndarray]] = []
        self._pending = 0
        self._merged = 0

    def add(self, labels: Integer[np.ndarray, "..."]) -> None:
        """Counts the voxels of a piece."""
        import fastremap

        if not labels.size:
            return
        values, counts = fastremap.unique(np.ascontiguousarray(labels).reshape(-1), return_counts=True)
        self._pieces.append((values, counts.astype(np.int64)))
        self._pending += len(values)
        if self._pending > max(_PENDING, self._merged):
            self._merge()

    def read(self) -> tuple[Shaped[np.ndarray, " values"], Int64[np.ndarray, " values"]]:
        """The values in order, and voxels of each."""
        if not self._pieces:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        self._merge()
        return self._pieces[0]

    def _merge(self) -> None:
        every = np.concatenate([values for values, _ in self._pieces])
        values, places = np.unique(every, return_inverse=True)
        counts = np.zeros(len(values), np.int64)
        np.add.at(counts, places, np.concatenate([counts for _, counts in self._pieces]))
        self._pieces, self._merged, self._pending = [(values, counts)], len(values), 0
