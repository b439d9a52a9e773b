"""A part of another volume, its voxels of another type; nothing of it is kept."""

from dataclasses import replace
from typing import NoReturn

from volumen.errors import DataError, OutputError
from volumen.geometry import Box
from volumen.volumes.casting import Cast
from volumen.volumes.volume import Offset, Storage, Volume, Voxels


class PartVolume(Volume):
    """What a box of a volume holds, read and cast as it is asked for.

    Args:
        source: the whole.
        box: the part, in the whole's voxels.
        cast: how its voxels become another type.
    """

    def __init__(self, source: Volume, box: Box, cast: Cast) -> None:
        placed = replace(source.layout, shape=box.shape, dtype=cast.dtype, offset=place_part(source, box))
        super().__init__(source.spec, placed)
        self._source = source
        self._start = box.start
        self._cast = cast

    def describe(self) -> Storage:
        """How the whole's voxels are kept."""
        return self._source.describe()

    def to_dict(self) -> dict[str, object]:
        """What of the whole it is, as plain values for JSON."""
        return {"box": str(Box.at(self._start, self.shape)), **self._cast.to_dict()}

    def _read(self, box: Box) -> Voxels:
        inside = box.shift(self._start)
        try:
            return self._cast.apply(self._source.read(inside))
        except DataError as error:
            raise DataError(f"{self.spec}, box {inside}: {error}") from error

    def _write(self, box: Box, array: Voxels) -> NoReturn:  # noqa: ARG002 - of the interface
        raise OutputError(f"{self.spec} was opened to be read: a part of a volume is not written")


def place_part(source: Volume, box: Box) -> Offset | None:
    """Nanometres of a part's first voxel; None where the whole's size of voxels, or its place, is not known."""
    if source.voxel_size is None or (source.offset is None and not any(box.start)):
        return source.offset
    origin = source.offset or (0.0, 0.0, 0.0)
    z, y, x = (low + start * edge for low, start, edge in zip(origin, box.start, source.voxel_size, strict=True))
    return z, y, x
