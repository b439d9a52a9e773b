"""Finished planes on their way to disk."""

from collections.abc import Mapping

import numpy as np

from volumen.geometry import Box
from volumen.inference.ahead import Fetched
from volumen.inference.knobs import Stored
from volumen.inference.memory import set_aside
from volumen.inference.prediction_files import store_probabilities
from volumen.volumes import Volume


class PlaneWriter:
    """Gathers planes until a row of chunks is full, so that every chunk is written once. Held: that row.

    Args:
        volumes: where each head goes.
        box: the block of those volumes that is written.
        start: plane of the stream that goes to the block's first.
        depth: voxels of a chunk along z.
        stored: type on disk.
    """

    def __init__(self, volumes: Mapping[str, Volume], box: Box, *, start: int, depth: int, stored: Stored) -> None:
        self._volumes = volumes
        self._box = box
        self._shift = box.start[0] - start
        self._depth = depth
        self._stored = stored
        self._rows = {name: self._make_row(volume.channels or 1) for name, volume in volumes.items()}
        self._from = self._until = box.start[0]

    def write(self, finished: Fetched) -> bool:
        """Takes the next planes; whether that filled a row of chunks, which is on disk then."""
        row = self._from
        first, count = finished.z + self._shift, next(iter(finished.heads.values())).shape[1]
        plane = first
        while plane < first + count:
            stop = min(first + count, self._find_row_end(plane))
            for name, planes in finished.heads.items():
                taken = store_probabilities(planes[:, plane - first : stop - first], self._stored)
                self._rows[name][:, plane - self._from : stop - self._from] = taken
            plane = self._until = stop
            if plane == self._find_row_end(self._from):
                self._flush()
        return self._from > row

    def _flush(self) -> None:
        (_, y0, x0), (_, y1, x1) = self._box.start, self._box.stop
        box = Box((self._from, y0, x0), (self._until, y1, x1))
        for name, volume in self._volumes.items():
            row = self._rows[name][:, : self._until - self._from]
            volume.write(box, row[0] if volume.channels is None else row)
        self._from = self._until

    def _find_row_end(self, plane: int) -> int:
        """Where the row of chunks that holds a plane ends; the last ends with the block."""
        return min((plane // self._depth + 1) * self._depth, self._box.stop[0])

    def _make_row(self, channels: int) -> np.ndarray:
        return set_aside((channels, self._depth, *self._box.shape[1:]), self._stored)
