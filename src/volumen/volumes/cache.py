"""What a process keeps of voxels it has read, bounded in bytes.

One bound holds for the chunks that tensorstore decoded, for all volumes together. What tensorstore does not read has
places of its own under the same bound: whole slices and unpacked files here, chunks of HDF5 in the library's own cache.
A process that reads one kind of file holds one of them. The bound is an environment variable, so that processes which
are started inherit it.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path

import numpy as np

from volumen.errors import ConfigError

CACHE_VARIABLE = "VOLUMEN_CACHE_BYTES"
CACHE_BYTES = 256 * 2**20  # 1,000 chunks of 64³ in 8 bits: the neighbourhood of a few hundred patches


def find_cache_bytes() -> int:
    """The bound that is set, else 256 MB."""
    value = os.environ.get(CACHE_VARIABLE, str(CACHE_BYTES))
    if not value.isdecimal():
        raise ConfigError(f"{CACHE_VARIABLE} is a number of bytes; got {value!r}")
    return int(value)


def limit_cache(nbytes: int) -> None:
    """Bound what this process, and those it starts from now on, keep of volumes that are opened from now on."""
    if nbytes < 0:
        raise ConfigError(f"a cache holds 0 bytes or more; got {nbytes}")
    os.environ[CACHE_VARIABLE] = str(nbytes)


def identify_file(path: Path) -> tuple[str, int, int, int]:
    """What changes when a file is written anew."""
    status = path.stat()
    return str(path), status.st_ino, status.st_mtime_ns, status.st_size


class PieceCache:
    """Decoded pieces of files by a key that changes with the file; the least recently used are dropped first."""

    def __init__(self) -> None:
        self._pieces: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._held

    def find(self, key: Hashable, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """The piece under a key, decoded when it is not kept; it must not be written to."""
        with self._lock:
            piece = self._pieces.get(key)
            if piece is not None:
                self._pieces.move_to_end(key)
                return piece
        piece = decode()
        self._keep(key, piece)
        return piece

    def _keep(self, key: Hashable, piece: np.ndarray) -> None:
        bound = find_cache_bytes()
        with self._lock:
            if piece.nbytes > bound or key in self._pieces:
                return
            self._pieces[key] = piece
            self._held += piece.nbytes
            while self._held > bound:
                self._held -= self._pieces.popitem(last=False)[1].nbytes


PIECES = PieceCache()
