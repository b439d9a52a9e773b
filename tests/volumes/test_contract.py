"""What every format that can be written keeps: a new one joins with one line in FORMATS."""

import concurrent.futures
import multiprocessing
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.errors import ExistsError, OutputError, ShapeError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import ArrayVolume, create_volume, export_volume, open_volume

FORMATS = ["v.tif", "v.zarr", "store.zarr/inner"]
SIZE = VoxelSize(30.0, 8.0, 8.0)
SHAPE = (7, 10, 9)


@pytest.fixture(params=FORMATS)
def spec(request, tmp_path):
    return tmp_path / request.param


@pytest.fixture
def array(rng):
    return rng.integers(0, 200, SHAPE).astype(np.uint16)


def fill(spec, array, **options):
    volume = create_volume(spec, shape=array.shape[-3:], dtype=array.dtype, **options)
    volume.write(Box.whole(volume.shape), array)
    return volume


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "uint64", "float32", "float64"])
def test_voxels_shape_and_type_come_back(spec, dtype, rng):
    array = rng.integers(0, 100, SHAPE).astype(dtype)
    fill(spec, array)
    volume = open_volume(spec)
    assert (volume.shape, volume.channels, volume.dtype) == (SHAPE, None, np.dtype(dtype))
    np.testing.assert_array_equal(volume.read(), array)


def test_booleans_are_stored_as_bytes(spec):
    create_volume(spec, shape=SHAPE, dtype=bool)
    assert open_volume(spec).dtype == np.uint8


def test_the_voxel_size_comes_back_and_is_none_when_unknown(spec, tmp_path, array):
    fill(spec, array, voxel_size=SIZE)
    assert open_volume(spec).voxel_size == SIZE
    export_volume(array, tmp_path / ("plain" + spec.suffix if spec.suffix else "plain.zarr"))
    assert open_volume(tmp_path / ("plain" + spec.suffix if spec.suffix else "plain.zarr")).voxel_size is None


@given(data=st.data())
def test_a_box_reads_what_lies_in_it(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    array = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE)
    low = [data.draw(st.integers(0, extent - 1)) for extent in SHAPE]
    high = [data.draw(st.integers(start, extent)) for start, extent in zip(low, SHAPE, strict=True)]
    box = Box(tuple(low), tuple(high))
    for name in ("v.tif", "v.zarr"):
        fill(folder / name, array, **({"chunks": (4, 4, 4)} if name.endswith("zarr") else {}))
        np.testing.assert_array_equal(open_volume(folder / name).read(box), array[box.slices])


def test_a_box_that_leaves_the_volume_is_refused(spec, array):
    volume = fill(spec, array)
    with pytest.raises(ShapeError, match="leaves the volume"):
        volume.read(Box((0, 0, 0), (8, 10, 9)))


def test_boxes_written_one_by_one_make_the_whole(spec, array):
    volume = create_volume(spec, shape=SHAPE, dtype=array.dtype, chunks=(4, 4, 4))
    for z in range(0, 7, 4):
        box = Box((z, 0, 0), (min(z + 4, 7), 10, 9))
        volume.write(box, array[box.slices])
    np.testing.assert_array_equal(open_volume(spec).read(), array)


def test_an_array_of_another_shape_than_its_box_is_refused(spec, array):
    with pytest.raises(ShapeError, match="takes an array of"):
        fill(spec, array).write(Box.whole(SHAPE), array[:3])


def test_what_was_opened_to_be_read_is_not_written(spec, array):
    fill(spec, array)
    with pytest.raises(OutputError, match="opened to be read"):
        open_volume(spec).write(Box.whole(SHAPE), array)


def test_channels_lead(spec, rng):
    array = rng.random((2, *SHAPE)).astype(np.float32)
    fill(spec, array, channels=2)
    volume = open_volume(spec)
    assert (volume.channels, volume.shape) == (2, SHAPE)
    box = Box((1, 2, 3), (4, 5, 6))
    np.testing.assert_array_equal(volume.read(box), array[(slice(None), *box.slices)])


def test_one_plane_is_a_volume_with_z_1(spec, rng):
    array = rng.integers(0, 9, (1, 6, 5)).astype(np.uint8)
    fill(spec, array)
    np.testing.assert_array_equal(open_volume(spec).read(), array)


def test_what_exists_is_replaced_only_when_asked(spec, array):
    fill(spec, array)
    with pytest.raises(ExistsError, match="is there already"):
        fill(spec, array)
    fill(spec, array + 1, overwrite=True)
    np.testing.assert_array_equal(open_volume(spec).read(), array + 1)


def test_a_volume_pickles_and_reads_in_a_spawned_process(spec, array):
    fill(spec, array)
    volume = open_volume(spec)
    volume.read()
    box = Box((1, 1, 1), (3, 4, 5))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(volume)).read(box), array[box.slices])
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        np.testing.assert_array_equal(pool.submit(volume.read, box).result(), array[box.slices])


def test_an_exported_volume_equals_its_source(spec, array):
    target = spec if spec.suffix else spec.with_suffix(".zarr")
    export_volume(ArrayVolume(array, SIZE), target)
    volume = open_volume(target)
    np.testing.assert_array_equal(volume.read(), array)
    assert volume.voxel_size == SIZE
    assert [path.name for path in target.parent.iterdir() if "partial" in path.name] == []
