"""Finished planes on their way to disk."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from volumen.geometry import Box
from volumen.inference.fetching import Fetched
from volumen.inference.knobs import Stored
from volumen.inference.memory import set_aside
from volumen.volumes import Volume


class PlaneWriter:
    """Gathers planes until a row of chunks is full, so that every chunk is written once.

    Held: that row, and where it is written behind, another.

    Args:
        volumes: where each head goes.
        box: the block of those volumes that is written.
        start: plane of the stream that goes to the block's first.
        depth: voxels of a chunk along z.
        stored: type on disk.
        behind: whether a thread writes a row while the next is gathered; leaving the writer as a context waits for it.
    """

    def __init__(
        self, volumes: Mapping[str, Volume], box: Box, *, start: int, depth: int, stored: Stored, behind: bool = False
    ) -> None:
        self._volumes = volumes
        self._box = box
        self._shift = box.start[0] - start
        self._depth = depth
        self._stored = stored
        self._rows = self._make_rows()
        self._spare = self._make_rows() if behind else self._rows
        self._thread = ThreadPoolExecutor(1) if behind else None
        self._writing: Future[None] | None = None
        self._from = self._until = box.start[0]

    def __enter__(self) -> "PlaneWriter":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._thread is not None:
            self._thread.shutdown()
        self._wait()

    def write(self, finished: Fetched) -> bool:
        """Takes the next planes; whether that filled a row of chunks, which is on disk then."""
        row = self._from
        first, count = finished.z + self._shift, next(iter(finished.heads.values())).shape[1]
        plane = first
        while plane < first + count:
            stop = min(first + count, self._find_row_end(plane))
            for name, planes in finished.heads.items():
                self._rows[name][:, plane - self._from : stop - self._from] = planes[:, plane - first : stop - first]
            plane = self._until = stop
            if plane == self._find_row_end(self._from):
                self._flush()
        return self._from > row

    def _flush(self) -> None:
        (_, y0, x0), (_, y1, x1) = self._box.start, self._box.stop
        box = Box((self._from, y0, x0), (self._until, y1, x1))
        rows = {name: row[:, : self._until - self._from] for name, row in self._rows.items()}
        self._wait()
        if self._thread is None:
            self._write_rows(box, rows)
        else:
            self._writing = self._thread.submit(self._write_rows, box, rows)
        self._rows, self._spare = self._spare, self._rows
        self._from = self._until

    def _write_rows(self, box: Box, rows: Mapping[str, np.ndarray]) -> None:
        """A strip of chunks at a time: what is written is held once more until it is encoded."""
        for name, volume in self._volumes.items():
            for strip in split_box(box, volume.chunks[1]):
                local = strip.relative_to(box.start).slices
                volume.write(strip, rows[name][(0 if volume.channels is None else slice(None), *local)])

    def _wait(self) -> None:
        """Until the row before is on disk; its error comes out here."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _find_row_end(self, plane: int) -> int:
        """Where the row of chunks that holds a plane ends; the last ends with the block."""
        return min((plane // self._depth + 1) * self._depth, self._box.stop[0])

    def _make_rows(self) -> dict[str, np.ndarray]:
        shape = (self._depth, *self._box.shape[1:])
        return {name: set_aside((volume.channels or 1, *shape), self._stored) for name, volume in self._volumes.items()}


def split_box(box: Box, edge: int) -> Iterator[Box]:
    """Strips of a box along y, where multiples of `edge` lie between them."""
    (z0, y0, x0), (z1, y1, x1) = box.start, box.stop
    edges = [y0, *range((y0 // edge + 1) * edge, y1, edge), y1]
    return (Box((z0, low, x0), (z1, high, x1)) for low, high in pairwise(edges))
