"""What every kind of volume must do; a new format joins with one line in FORMATS."""

import gc
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import foreign
import numpy as np
import psutil
import pytest
from foreign import OFFSET, VOXEL_SIZE, Write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volumen.errors import DataError, OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import (
    ArrayVolume,
    ConvertOptions,
    Volume,
    convert_volume,
    create_volume,
    export_volume,
    open_layers,
    open_volume,
)
from volumen.volumes.casting import KeptValues
from volumen.volumes.part import PartVolume

SHAPE = (9, 11, 13)

Make = Callable[[np.ndarray, Path], Volume]


@dataclass(frozen=True)
class Format:
    """How a volume of one format is made from an array, with VOXEL_SIZE and OFFSET where it keeps them.

    Args:
        make: writes an array and opens it.
        writable: whether boxes can be written.
        channels: whether it takes them; None where nobody can write such a file.
        size: the voxel size it tells.
        offset: likewise.
        dtypes: those of three that it can hold.
        named: whether its spec opens it again.
    """

    make: Make
    writable: bool = True
    channels: bool | None = True
    size: VoxelSize | None = VOXEL_SIZE
    offset: tuple[float, float, float] | None = OFFSET
    dtypes: tuple[str, ...] = ("uint8", "uint16", "float32")
    named: bool = True


def create_named(name: str) -> Make:
    def make(array: np.ndarray, folder: Path) -> Volume:
        channels = array.shape[0] if array.ndim == 4 else None
        made = create_volume(
            folder / name, shape=array.shape[-3:], dtype=array.dtype, channels=channels, voxel_size=VOXEL_SIZE,
            offset=OFFSET, chunks=(4, 5, 6),
        )  # fmt: skip
        made.write(Box.whole(array.shape[-3:]), array)
        return made

    return make


def read(write: Write, **more: object) -> Format:
    """A format of which another library writes a file, which is only read."""
    return Format(lambda array, folder: open_volume(write(folder, array)), writable=False, **more)


def export_named(name: str) -> Write:
    def export(folder: Path, array: np.ndarray) -> str:
        export_volume(ArrayVolume(array, VOXEL_SIZE, offset=OFFSET), folder / name)
        return str(folder / name)

    return export


def convert_named(name: str, **options: object) -> Write:
    def convert(folder: Path, array: np.ndarray) -> str:
        source = ArrayVolume(array, VOXEL_SIZE, offset=OFFSET)
        convert_volume(source, folder / name, options=ConvertOptions(chunks=(4, 5, 6), **options))
        return str(folder / name)

    return convert


def take_part(array: np.ndarray, folder: Path) -> Volume:
    """The array as a part of one that is larger by two voxels on every side."""
    padded = np.pad(array, [(0, 0)] * (array.ndim - 3) + [(2, 2)] * 3)
    origin = tuple(low - 2 * edge for low, edge in zip(OFFSET, VOXEL_SIZE, strict=True))
    whole = ArrayVolume(padded, VOXEL_SIZE, offset=origin)
    return PartVolume(whole, Box.at((2, 2, 2), array.shape[-3:]), KeptValues(whole.dtype))


def open_napari(array: np.ndarray, folder: Path) -> Volume:
    leading = array.ndim - 3
    layer = foreign.Layer(
        "x",
        array,
        (1,) * leading + tuple(VOXEL_SIZE),
        translate=(0,) * leading + OFFSET,
        units=["nanometer"] * array.ndim,
    )
    return open_layers([layer])["x"]


UNPLACED = {"size": None, "offset": None}

FORMATS = {
    "array": Format(lambda array, folder: ArrayVolume(array.copy(), VOXEL_SIZE, offset=OFFSET), named=False),
    "zarr": Format(create_named("x.zarr")),
    "zarr array in a group": Format(create_named("x.zarr/image")),
    "zarr, exported": read(export_named("x.zarr")),
    "zarr, converted": read(convert_named("x.zarr")),
    "zarr 2, converted": read(convert_named("x.zarr", zarr=2)),
    "ome-zarr, converted": read(convert_named("x.ome.zarr", levels=2, shards=(8, 10, 12))),
    "part of an array": Format(take_part, writable=False, named=False),
    "zarr 2": read(partial(foreign.save_zarr, version=2, order="F"), **UNPLACED),
    "zarr 3": read(foreign.save_zarr, **UNPLACED),
    "zarr 3 with shards": read(foreign.save_sharded, **UNPLACED),
    "zarr by funlib": read(foreign.save_funlib),
    "ome-zarr 0.4": read(foreign.save_ome_zarr),
    "ome-zarr 0.5 with shards": read(partial(foreign.save_ome_zarr, version="0.5", shards=True)),
    "n5": read(foreign.save_n5),
    "precomputed": read(foreign.save_precomputed, offset=(60.0, -16.0, 0.0)),
    "hdf5": read(foreign.save_hdf5),
    "tiff, created": Format(create_named("x.tif"), channels=False),
    "tiff, exported": read(export_named("x.tif"), channels=False),
    "tiff": read(foreign.save_plain_tiff, channels=False, **UNPLACED),
    "tiff by imagej": read(foreign.save_imagej, offset=None),
    "tiff by ome": read(partial(foreign.save_ome_tiff, compression="zlib"), offset=None),
    "png slices": read(foreign.save_slices, channels=None, dtypes=("uint8", "uint16"), **UNPLACED),
    "tiff slices": read(foreign.save_tiff_slices, channels=None, **UNPLACED),
    "nifti": read(foreign.save_nifti),
    "nifti, packed": read(partial(foreign.save_nifti, suffix="nii.gz")),
    "nrrd": read(foreign.save_nrrd),
    "nrrd, packed": read(partial(foreign.save_nrrd, encoding="gzip")),
    "nrrd with a header apart": read(partial(foreign.save_nrrd, encoding="bzip2", suffix="nhdr")),
    "npy": read(foreign.save_npy, **UNPLACED),
    "npz": read(foreign.save_npz, **UNPLACED),
    "npz, packed": read(foreign.save_packed_npz, **UNPLACED),
    "napari layer": Format(open_napari, writable=False, named=False),
}


def draw_array(dtype: str = "uint16", channels: int | None = None) -> np.ndarray:
    shape = SHAPE if channels is None else (channels, *SHAPE)
    return np.random.default_rng(0).integers(0, 120, shape).astype(dtype)


@st.composite
def draw_boxes(draw: st.DrawFn) -> Box:
    spans = [sorted(draw(st.tuples(st.integers(0, extent), st.integers(0, extent)))) for extent in SHAPE]
    return Box(tuple(low for low, _ in spans), tuple(high for _, high in spans))


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("kind", [pytest.param(form, id=name) for name, form in FORMATS.items()])
class VolumeContract:
    def test_it_tells_what_it_holds(self, kind: Format, tmp_path: Path) -> None:
        volume = kind.make(draw_array(), tmp_path)
        assert (volume.shape, volume.channels, volume.dtype) == (SHAPE, None, np.uint16)
        assert all(edge >= 1 for edge in volume.chunks)

    def test_voxel_size_and_offset_are_kept_or_none(self, kind: Format, tmp_path: Path) -> None:
        volume = kind.make(draw_array(), tmp_path)
        assert volume.offset == pytest.approx(kind.offset)
        if kind.size is None:
            assert volume.voxel_size is None
        else:
            assert tuple(volume.voxel_size) == pytest.approx(tuple(kind.size))

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_the_whole_reads_back(self, kind: Format, tmp_path: Path, dtype: str) -> None:
        if dtype not in kind.dtypes:
            return
        array = draw_array(dtype)
        read = kind.make(array, tmp_path).read()
        assert read.dtype == array.dtype
        assert read.dtype.isnative
        np.testing.assert_array_equal(read, array)

    def test_bool_is_kept_as_uint8(self, kind: Format, tmp_path: Path) -> None:
        array = draw_array() > 60
        volume = kind.make(array if kind.writable else array.astype(np.uint8), tmp_path)
        assert volume.dtype == np.uint8
        np.testing.assert_array_equal(volume.read(), array)

    def test_any_box_reads_as_a_slice_would(self, kind: Format, tmp_path_factory: pytest.TempPathFactory) -> None:
        array = draw_array()
        volume = kind.make(array, tmp_path_factory.mktemp("boxes"))

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(box=draw_boxes())
        def check(box: Box) -> None:
            np.testing.assert_array_equal(volume.read(box), array[box.slices])

        check()

    @pytest.mark.parametrize("box", ["0:10,0:11,0:13", "-1:3,0:3,0:3", "3:5,3:5,12:14", "20:21,0:1,0:1"])
    def test_a_box_that_leaves_the_volume_is_refused(self, kind: Format, tmp_path: Path, box: str) -> None:
        volume = kind.make(draw_array(), tmp_path)
        with pytest.raises(ShapeError, match="leaves the volume"):
            volume.read(Box.parse(box))
        with pytest.raises(ShapeError, match="leaves the volume"):
            volume.write(Box.parse(box), np.zeros((1, 1, 1), np.uint16))

    def test_what_was_read_is_the_callers(self, kind: Format, tmp_path: Path) -> None:
        volume = kind.make(draw_array(), tmp_path)
        volume.read()[:] = 0
        np.testing.assert_array_equal(volume.read(), draw_array())

    def test_written_boxes_read_back_here_and_when_opened_anew(self, kind: Format, tmp_path: Path) -> None:
        array = draw_array()
        volume = kind.make(array.copy(), tmp_path)
        box = Box((2, 3, 4), (7, 11, 9))
        array[box.slices] = 500
        if not kind.writable:
            with pytest.raises(OutputError, match="opened to be read"):
                volume.write(box, array[box.slices])
            return
        volume.read()
        volume.write(box, array[box.slices])
        np.testing.assert_array_equal(volume.read(), array)
        if kind.named:
            np.testing.assert_array_equal(open_volume(volume.spec).read(), array)

    def test_a_wrong_shape_or_a_type_with_loss_is_not_written(self, kind: Format, tmp_path: Path) -> None:
        volume = kind.make(draw_array(), tmp_path)
        with pytest.raises(ShapeError, match="takes an array of shape"):
            volume.write(Box.whole((2, 2, 2)), np.zeros((2, 2, 3), np.uint16))
        with pytest.raises(DataError, match="without loss"):
            volume.write(Box.whole((2, 2, 2)), np.zeros((2, 2, 2), np.int64))

    def test_it_travels_by_spec_to_a_process_that_reads(
        self, kind: Format, tmp_path: Path, worker: ProcessPoolExecutor
    ) -> None:
        array, box = draw_array(), Box((1, 2, 3), (5, 11, 7))
        volume = kind.make(array, tmp_path)
        volume.read(box)
        if kind.named:
            assert len(pickle.dumps(volume)) < 2000
        np.testing.assert_array_equal(worker.submit(volume.read, box).result(60), array[box.slices])

    def test_many_opens_leave_handles_and_memory_as_they_were(self, kind: Format, tmp_path: Path) -> None:
        made = kind.make(draw_array(), tmp_path)
        process = psutil.Process()

        def open_and_read() -> None:
            (open_volume(made.spec) if kind.named else made).read(Box.whole((4, 4, 4)))

        for _ in range(5):
            open_and_read()
        gc.collect(1)  # what these opens left; all that earlier tests did takes longer than the opens
        handles, memory = process.num_fds(), process.memory_info().rss
        for _ in range(30):  # benchmarks/volumes.py opens 200 of each
            open_and_read()
        assert process.num_fds() <= handles + 2
        assert process.memory_info().rss < memory + 2 * 2**20

    def test_channels_come_first_or_are_refused(self, kind: Format, tmp_path: Path) -> None:
        if kind.channels is None:
            return
        array = draw_array(channels=2)
        if not kind.channels:
            with pytest.raises(ShapeError):
                kind.make(array, tmp_path)
            return
        volume = kind.make(array, tmp_path)
        assert (volume.shape, volume.channels) == (SHAPE, 2)
        box = Box((1, 2, 3), (5, 11, 7))
        np.testing.assert_array_equal(volume.read(box), array[(..., *box.slices)])
        if kind.writable:
            volume.write(box, np.zeros_like(array[(..., *box.slices)]))
            assert not volume.read(box).any()
