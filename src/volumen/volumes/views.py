"""Other looks at volumes, read through: a part of one, one at another voxel size, channels and layers side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from volumen.errors import OutputError, ShapeError
from volumen.geometry import Box, VoxelSize, to_shape
from volumen.volumes.resampling import Scale, read_linear, scale_shape
from volumen.volumes.volume import Layout, Offset, ReadOnlyVolume, Storage, Volume, Voxels


class CroppedVolume(Volume):
    """A box of a volume as a volume of its own; nothing is read before it is asked for."""

    def __init__(self, inner: Volume, box: Box) -> None:
        if not Box.whole(inner.shape).contains(box):
            raise ShapeError(f"{inner.spec}: the crop {box} leaves the volume of shape {inner.shape}")
        chunks = [min(edge, extent) for edge, extent in zip(inner.chunks, box.shape, strict=True)]
        layout = replace(inner.layout, shape=box.shape, chunks=to_shape(chunks), offset=_move_offset(inner, box))
        super().__init__(inner.spec, layout)
        self._inner = inner
        self._box = box

    def uncached(self) -> "CroppedVolume":
        """The same part of the volume without its cache."""
        return CroppedVolume(self._inner.uncached(), self._box)

    def describe(self) -> Storage:
        """How the voxels of the whole volume are kept."""
        return self._inner.describe()

    def _read(self, box: Box) -> Voxels:
        return self._inner.read(box.shift(self._box.start))

    def _write(self, box: Box, array: Voxels) -> None:
        self._inner.write(box.shift(self._box.start), array)


class ResampledVolume(ReadOnlyVolume):
    """An image at another voxel size, its first voxel's edge where that of the image is; see `read_linear`.

    Args:
        inner: the image.
        scale: voxels of it along each edge of the new ones.
    """

    def __init__(self, inner: Volume, scale: Scale) -> None:
        edges = inner.voxel_size and VoxelSize(
            *(edge * step for edge, step in zip(inner.voxel_size, scale, strict=True))
        )
        layout = replace(
            inner.layout,
            shape=scale_shape(inner.shape, scale),
            dtype=np.dtype(np.float32),
            chunks=scale_shape(inner.chunks, scale),
            voxel_size=edges,
        )
        super().__init__(inner.spec, layout)
        self._inner = inner
        self._scale = scale

    def uncached(self) -> "ResampledVolume":
        """The same look at the image without its cache."""
        return ResampledVolume(self._inner.uncached(), self._scale)

    def describe(self) -> Storage:
        """How the image's own voxels are kept."""
        return self._inner.describe()

    def _read(self, box: Box) -> Voxels:
        return read_linear(self._inner.read, self._inner.shape, box, self._scale)


class StackedVolume(Volume):
    """Volumes of one shape as the channels of one; those that have channels bring all of theirs."""

    def __init__(self, parts: Sequence[Volume]) -> None:
        first = parts[0]
        odd = next((part for part in parts if part.shape != first.shape), None)
        if odd is not None:
            raise ShapeError(f"{odd.spec} has shape {odd.shape}, and {first.spec} {first.shape}; channels are alike")
        dtype = np.result_type(*(part.dtype for part in parts))
        channels = sum(part.channels or 1 for part in parts)
        layout = Layout(first.shape, dtype, first.chunks, channels, first.voxel_size, first.offset)
        super().__init__(" + ".join(part.spec for part in parts), layout)
        self._parts = tuple(parts)

    def uncached(self) -> "StackedVolume":
        """The same channels without caches."""
        return StackedVolume([part.uncached() for part in self._parts])

    def describe(self) -> Storage:
        """How the voxels of the first channel are kept."""
        return self._parts[0].describe()

    def _read(self, box: Box) -> Voxels:
        arrays = [part.read(box).reshape(-1, *box.shape) for part in self._parts]
        return np.concatenate(arrays).astype(self.dtype, copy=False)

    def _write(self, box: Box, array: Voxels) -> None:  # noqa: ARG002 - it is refused
        raise OutputError(f"{self.spec}: stacked channels are only read; write each volume alone")


class LayeredVolume(Volume):
    """A window of a volume's layers as the channels of one slice; channels of the volume bring all their layers.

    Args:
        inner: the volume.
        start: its first layer in the window.
        window: layers in all.
    """

    def __init__(self, inner: Volume, start: int, window: int) -> None:
        self._box = Box((start, 0, 0), (start + window, *inner.shape[1:]))
        if not Box.whole(inner.shape).contains(self._box):
            raise ShapeError(f"{inner.spec}: layers {start} to {start + window} leave its {inner.shape[0]}")
        layout = Layout(
            (1, *inner.shape[1:]),
            inner.dtype,
            (1, *inner.chunks[1:]),
            (inner.channels or 1) * window,
            inner.voxel_size,
            _move_offset(inner, self._box),
        )
        super().__init__(inner.spec, layout)
        self.inner = inner

    def uncached(self) -> "LayeredVolume":
        """The same window without a cache."""
        return LayeredVolume(self.inner.uncached(), self._box.start[0], self._box.shape[0])

    def describe(self) -> Storage:
        """How the voxels of the whole volume are kept."""
        return self.inner.describe()

    def _read(self, box: Box) -> Voxels:
        layers = Box((self._box.start[0], *box.start[1:]), (self._box.stop[0], *box.stop[1:]))
        return self.inner.read(layers).reshape(-1, *box.shape)

    def _write(self, box: Box, array: Voxels) -> None:  # noqa: ARG002 - it is refused
        raise OutputError(f"{self.spec}: layers laid out as channels are only read; write the volume itself")


def _move_offset(volume: Volume, box: Box) -> Offset | None:
    """Where the first voxel of a box lies."""
    if volume.offset is None or volume.voxel_size is None:
        return None
    steps = zip(volume.offset, box.start, volume.voxel_size, strict=True)
    z, y, x = (offset + start * edge for offset, start, edge in steps)
    return z, y, x
