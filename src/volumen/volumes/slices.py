"""Folders of numbered slices, and single pictures as volumes of one slice."""

import itertools
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from volumen.errors import FormatError, MissingError, ShapeError, VolumenError
from volumen.geometry import Box
from volumen.volumes.cache import PIECES, identify_file
from volumen.volumes.faults import explain_reading
from volumen.volumes.pictures import SUFFIXES as PICTURE_SUFFIXES
from volumen.volumes.pictures import Head, decode_picture, read_head
from volumen.volumes.spec import Spec
from volumen.volumes.tiff import open_tiff, read_tiff_head
from volumen.volumes.volume import Layout, ReadOnlyVolume, Storage, Voxels

logger = logging.getLogger(__name__)

TIFF_SUFFIXES = (".tif", ".tiff")
SLICE_SUFFIXES = (*PICTURE_SUFFIXES, *TIFF_SUFFIXES)

_NUMBER = re.compile(r"(\d+)")
_MOST_NAMED = 10
_WHITE = 255


@dataclass(frozen=True)
class Series:
    """Slices in order.

    Args:
        folder: where they are.
        names: of a file each.
        gaps: numbers between the first and the last that no file has.
    """

    folder: Path
    names: tuple[str, ...]
    gaps: tuple[int, ...] = ()

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return [self.folder / name for name in self.names]


class SlicesVolume(ReadOnlyVolume):
    """A file for each slice; decoded slices are kept while they fit the cache, but not those of a read of the whole."""

    def __init__(
        self, spec: str, layout: Layout, *, series: Series, bright: int, channel: int | None, cached: bool = True
    ) -> None:
        super().__init__(spec, layout)
        self._cached = cached
        self._series = series
        self._bright = bright
        self._channel = channel

    def uncached(self) -> "SlicesVolume":
        """The same volume for one pass over it, which keeps nothing of what it reads."""
        return SlicesVolume(
            self.spec, self.layout, series=self._series, bright=self._bright, channel=self._channel, cached=False
        )

    def describe(self) -> Storage:
        """How its voxels are kept."""
        gaps = self._series.gaps
        notes = (f"no files for {_list_numbers(gaps)}; the others are joined",) if gaps else ()
        return Storage("slices" if self.shape[0] > 1 else "picture", notes=notes)

    def _read(self, box: Box) -> Voxels:
        voxels = np.empty(box.shape, self.dtype)
        keep = self._cached and box != Box.whole(self.shape)
        _, rows, columns = box.slices
        for number, name in enumerate(self._series.names[box.slices[0]]):
            path = self._series.folder / name
            with explain_reading(str(path), "a slice"):
                voxels[number] = self._find(path, keep=keep)[rows, columns]
        return voxels

    def _find(self, path: Path, *, keep: bool) -> Shaped[np.ndarray, "y x"]:
        if not keep:
            return self._decode(path)
        key = (identify_file(path), self._bright, self._channel)
        return PIECES.find(key, lambda: self._decode(path))

    def _decode(self, path: Path) -> Shaped[np.ndarray, "y x"]:
        if path.suffix.lower() in TIFF_SUFFIXES:
            pixels: Shaped[np.ndarray, "y x"] = open_tiff(Spec(str(path), str(path))).read()[0]
            if read_tiff_head(path).kind == "one bit":
                pixels *= np.uint8(self._bright)
        else:
            pixels = decode_picture(path, bright=self._bright, channel=self._channel)
        if pixels.shape != self.shape[1:] or pixels.dtype != self.dtype:
            raise FormatError(
                f"{path} was {self.shape[1:]} of {self.dtype} and is now {pixels.shape} of {pixels.dtype}"
            )
        return pixels


def open_slices(spec: Spec) -> SlicesVolume:
    """A folder of numbered slices, those a pattern names, or a single picture.

    Slices of one bit among others of eight are 0 and 255; alone they are 0 and 1. A number without a file is told.
    """
    if spec.options.axes is not None or spec.options.time is not None:
        raise ShapeError(f"{spec.text}: slices have the axes z y x; leave out axes= and time=")
    series = _find_series(spec)
    if series.gaps:
        logger.warning("%s: there are no files for %s; the others are joined", spec.text, _list_numbers(series.gaps))
    heads = [_read_head(path) for path in series.paths]
    first = heads[0]
    for path, head in zip(series.paths, heads, strict=True):
        if (head.shape, head.dtype) != (first.shape, first.dtype):
            raise FormatError(
                f"{spec.text}: slices differ: {series.paths[0].name} is {first.shape} of {first.dtype}, "
                f"{path.name} {head.shape} of {head.dtype}"
            )
    bright = 1 if {head.kind for head in heads} == {"one bit"} else _WHITE
    shape = (len(heads), *first.shape)
    layout = Layout(shape, first.dtype, (1, *first.shape))
    return SlicesVolume(spec.text, layout, series=series, bright=bright, channel=spec.options.channel)


def holds_slices(folder: Path) -> bool:
    """Whether a folder holds pictures or TIFFs."""
    return any(_is_slice(path) for path in folder.iterdir())


def is_stack(folder: Path) -> bool:
    """Whether a folder holds one series of slices and nothing that looks like more of them."""
    try:
        series = _find_series(Spec(str(folder), str(folder)))
        return len(series.names) > 1 and bool(_read_head(series.paths[0]).shape)
    except (VolumenError, IndexError):
        return False


def sort_naturally(paths: Sequence[Path]) -> list[Path]:
    """In the order in which people count: `a2` before `a10`."""
    return sorted(paths, key=_split_numbers)


def _find_series(spec: Spec) -> Series:
    path = spec.path
    if spec.is_glob:
        if not path.parent.is_dir():
            raise MissingError(f"{spec.text}: there is no folder {path.parent}")
        found = [file for file in path.parent.glob(path.name) if _is_slice(file)]
        if not found:
            raise MissingError(f"{spec.text}: no picture or TIFF is called so")
        return _number(found, spec)
    if path.is_dir():
        return _number([file for file in path.iterdir() if _is_slice(file)], spec)
    return Series(path.parent.absolute(), (path.name,))


def _number(paths: Sequence[Path], spec: Spec) -> Series:
    """Files of one pattern, by the only number in it that runs."""
    _check_pattern(paths, spec)
    numbers = _find_running(paths, spec)
    names = tuple(path.name for path in sort_naturally(paths))
    return Series(paths[0].parent.absolute(), names, _find_gaps(sorted(numbers)))


def _check_pattern(paths: Sequence[Path], spec: Spec) -> None:
    """Refuse names that differ in more than numbers."""
    patterns = Counter(_NUMBER.sub("#", path.name) for path in paths)
    if len(patterns) > 1:
        named = ", ".join(f"{pattern} ({count})" for pattern, count in sorted(patterns.items())[:_MOST_NAMED])
        folder = spec.path.parent if spec.is_glob else spec.path
        raise FormatError(f"{spec.text} holds several series of slices: {named}; name one as {folder}/NAME*.png")


def _find_running(paths: Sequence[Path], spec: Spec) -> list[int]:
    """The number of each file that differs from file to file; none of a single file."""
    columns = list(zip(*(map(int, _NUMBER.findall(path.name)) for path in paths), strict=True))
    running = [column for column in columns if len(set(column)) > 1]
    if len(running) > 1:
        raise FormatError(f"{spec.text}: {len(running)} numbers run in the names of its files; name one series of them")
    found = list(running[0]) if running else []
    if len(set(found)) < len(paths) and len(paths) > 1:
        raise FormatError(f"{spec.text}: two of its files have the same number; name one series of them")
    return found


def _find_gaps(numbers: Sequence[int]) -> tuple[int, ...]:
    """Numbers that are left out of an even sequence."""
    if not numbers:
        return ()
    step = min(high - low for low, high in itertools.pairwise(numbers))
    present = set(numbers)
    if (numbers[-1] - numbers[0]) // step > 100 * len(numbers):
        return ()  # dates or the like: no sequence
    return tuple(number for number in range(numbers[0], numbers[-1], step) if number not in present)


def _list_numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_NAMED]))
    return shown if len(numbers) <= _MOST_NAMED else f"{shown} … ({len(numbers)} in all)"


def _is_slice(path: Path) -> bool:
    return path.suffix.lower() in SLICE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _read_head(path: Path) -> Head:
    with explain_reading(str(path), "a slice"):
        return read_tiff_head(path) if path.suffix.lower() in TIFF_SUFFIXES else read_head(path)


def _split_numbers(path: Path) -> list[tuple[int, str]]:
    """What sorts as people count."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(path.name)]
