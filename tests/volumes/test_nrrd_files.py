import itertools

import nrrd
import numpy as np
import pytest
from contract import draw_array
from foreign import save_nrrd

from volumen.errors import DataError, FormatError, MissingError, ShapeError
from volumen.geometry import VoxelSize
from volumen.volumes import open_volume

UNITS = {"space": "right-anterior-superior", "space units": ["nm"] * 3}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_axes_are_turned_by_their_directions(order, signs, tmp_path):
    z_y_x = draw_array()[:: signs[2], :: signs[1], :: signs[0]]
    stored = z_y_x.T.transpose(order)
    directions = (np.diag([8.0, 8.25, 30.0]) * signs)[list(order)]
    nrrd.write(str(tmp_path / "x.nrrd"), stored, {**UNITS, "space directions": directions, "space origin": [0, 0, 0]})
    volume = open_volume(tmp_path / "x.nrrd")
    np.testing.assert_array_equal(volume.read(), draw_array())
    assert volume.voxel_size == VoxelSize(30.0, 8.25, 8.0)
    assert volume.offset == tuple((1 - n) * size if sign < 0 else 0 for n, size, sign in
                                  zip(draw_array().shape, (30, 8.25, 8), signs[::-1], strict=True))  # fmt: skip


def test_the_stored_order_can_be_kept(tmp_path):
    nrrd.write(str(tmp_path / "x.nrrd"), draw_array().T, {**UNITS, "space directions": np.diag([-8, -8, 30])})
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.nrrd?axes=xyz").read(), draw_array())
    np.testing.assert_array_equal(open_volume(tmp_path / "x.nrrd").read(), draw_array()[:, ::-1, ::-1])
    assert open_volume(tmp_path / "x.nrrd").offset is None


def test_without_directions_the_order_is_x_y_z_and_spacings_may_be_told(tmp_path):
    nrrd.write(str(tmp_path / "x.nrrd"), draw_array().T)
    volume = open_volume(tmp_path / "x.nrrd")
    np.testing.assert_array_equal(volume.read(), draw_array())
    assert (volume.voxel_size, volume.offset) == (None, None)
    nrrd.write(str(tmp_path / "y.nrrd"), draw_array().T, {"spacings": [8, 8.25, 30], "units": ["nm"] * 3})
    assert open_volume(tmp_path / "y.nrrd").voxel_size == VoxelSize(30.0, 8.25, 8.0)


def test_directions_without_a_unit_leave_the_size_unknown(tmp_path):
    nrrd.write(
        str(tmp_path / "x.nrrd"), draw_array().T, {"space": "left-posterior-superior", "space directions": np.eye(3)}
    )
    assert open_volume(tmp_path / "x.nrrd").voxel_size is None


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
)
@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_every_type_and_packing_reads_back(dtype, encoding, tmp_path):
    volume = open_volume(save_nrrd(tmp_path, draw_array(dtype), encoding=encoding))
    assert volume.dtype == dtype
    np.testing.assert_array_equal(volume.read(), draw_array(dtype))


def test_big_endian_voxels_are_native(tmp_path):
    nrrd.write(str(tmp_path / "x.nrrd"), draw_array().astype(">u2").T, {"endian": "big"})
    volume = open_volume(tmp_path / "x.nrrd")
    assert volume.dtype.isnative
    np.testing.assert_array_equal(volume.read(), draw_array())


def test_a_2d_file_opens_with_one_slice(tmp_path):
    nrrd.write(str(tmp_path / "x.nrrd"), draw_array()[0].T)
    np.testing.assert_array_equal(open_volume(tmp_path / "x.nrrd").read(), draw_array()[:1])


def write_header(path, content, **fields):
    known = {"type": "uint16", "dimension": 3, "sizes": "13 11 9", "encoding": "raw", "endian": "little"} | fields
    lines = ["NRRD0004", *(f"{name.replace('_', ' ')}: {value}" for name, value in known.items()), "", ""]
    path.write_bytes("\n".join(lines).encode() + content)
    return path


def test_bytes_and_lines_to_skip_are_skipped(tmp_path):
    voxels = draw_array().tobytes()
    (tmp_path / "x.raw").write_bytes(b"a line\nanother\n1234" + voxels)
    for fields in ({"byte_skip": 19}, {"line_skip": 2, "byte_skip": 4}, {"byte_skip": -1}):
        path = write_header(tmp_path / "x.nhdr", b"", data_file="x.raw", **fields)
        np.testing.assert_array_equal(open_volume(path).read(), draw_array())


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"encoding": "ascii"}, FormatError, "encoded as ascii; read are raw, gzip"),
        ({"type": "block", "block_size": 4}, FormatError, "type 'block' are no ints or floats"),
        ({"sizes": "13 11"}, FormatError, "dimension 3, sizes"),
        ({"sizes": "13 11 99"}, FormatError, "truncated"),
        ({"sizes": "13 -11 9"}, FormatError, "damaged"),
        ({"data_file": "y.raw"}, MissingError, "where .* says its voxels are"),
        ({"data_file": "x%03d.raw 1 9 1"}, FormatError, "several files"),
        ({"dimension": 5, "sizes": "13 11 9 1 1"}, ShapeError, "is no volume"),
        ({"dimension": "three"}, FormatError, "cannot be read as NRRD"),
    ],
)
def test_what_cannot_be_read_is_told(fields, error, told, tmp_path):
    with pytest.raises(error, match=told) as caught:
        open_volume(write_header(tmp_path / "x.nrrd", draw_array().tobytes(), **fields))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no NRRD", b"NRRD0004\n", b"NRRD0004\ntype"])
def test_what_is_no_nrrd_is_told_in_one_line(content, tmp_path):
    (tmp_path / "x.nrrd").write_bytes(content)
    with pytest.raises((FormatError, DataError), match=r"x\.nrrd") as caught:
        open_volume(tmp_path / "x.nrrd")
    assert "\n" not in str(caught.value)
