import contextlib
import logging
import struct

import numpy as np
import pytest
import tifffile
from contract import VOXEL_SIZE, draw_array, draw_boxes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volumen.errors import ExistsError, FormatError, OutputError, ShapeError, VolumenError
from volumen.geometry import Box, VoxelSize
from volumen.volumes import create_volume, export_volume, open_volume

LAYOUTS = {
    "plain": {},
    "lzw": {"compression": "lzw"},
    "lzw in strips": {"compression": "lzw", "rowsperstrip": 4},
    "deflate in tiles with predictor": {"compression": "zlib", "predictor": True, "tile": (16, 16)},
    "zstd": {"compression": "zstd", "metadata": None},
    "packbits": {"compression": "packbits"},
    "volumetric tiles": {"tile": (16, 16, 16), "volumetric": True},
    "volumetric lzw tiles": {"tile": (16, 16, 16), "volumetric": True, "compression": "lzw"},
    "big": {"bigtiff": True, "compression": "zlib"},
    "big, plain": {"bigtiff": True},
    "big-endian": {"byteorder": ">"},
    "big-endian lzw": {"byteorder": ">", "compression": "lzw"},
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
    "ome lzw": {"ome": True, "metadata": {"axes": "ZYX"}, "compression": "lzw"},
    "without metadata": {"metadata": None},
    "separate pages": {"metadata": None, "contiguous": False},
}


def write(path, array, **options):
    tifffile.imwrite(path, array, photometric="minisblack", **options)
    return path


@pytest.mark.parametrize("options", [pytest.param(options, id=name) for name, options in LAYOUTS.items()])
def test_every_layout_reads_as_a_slice_would(options, tmp_path_factory):
    array = draw_array()
    volume = open_volume(write(tmp_path_factory.mktemp("layout") / "x.tif", array, **options))
    assert volume.shape == array.shape
    assert volume.voxel_size is None
    np.testing.assert_array_equal(volume.read(), array)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(box=draw_boxes())
    def check(box):
        np.testing.assert_array_equal(volume.read(box), array[box.slices])

    check()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "float16", "float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"compression": "zlib", "byteorder": ">"}])
def test_every_type_reads_back(dtype, options, tmp_path):
    array = draw_array(dtype)
    read = open_volume(write(tmp_path / "x.tif", array, **options)).read()
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)


def test_one_bit_pages_read_as_uint8(tmp_path):
    mask = draw_array() > 60
    volume = open_volume(write(tmp_path / "x.tif", mask))
    assert volume.dtype == volume.read().dtype == np.uint8
    np.testing.assert_array_equal(volume.read(), mask)


@pytest.mark.parametrize("options", [{}, {"metadata": None}, {"compression": "lzw"}, {"imagej": True}])
def test_a_2d_file_opens_with_one_slice(options, tmp_path):
    image = draw_array()[0]
    volume = open_volume(write(tmp_path / "x.tif", image, **options))
    assert volume.shape == (1, *image.shape)
    np.testing.assert_array_equal(volume.read()[0], image)


ODD_SHAPES = [(1, 7, 8), (8, 1, 7), (1, 1, 7), (1, 1, 1), (3, 6, 3)]


@pytest.mark.parametrize("shape", ODD_SHAPES)
@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}])
def test_axes_of_one_voxel_stay(shape, options, tmp_path):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.testing.assert_array_equal(open_volume(write(tmp_path / "x.tif", array, **options)).read(), array)


@pytest.mark.parametrize("shape", [*ODD_SHAPES, (8, 7, 1), (8, 1, 1), (1, 7, 1)])
@pytest.mark.parametrize("voxel_size", [None, VOXEL_SIZE])
def test_any_shape_is_created_and_exported(shape, voxel_size, tmp_path):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    export_volume(array, tmp_path / "x.tif", voxel_size=voxel_size)
    np.testing.assert_array_equal(open_volume(tmp_path / "x.tif").read(), array)
    created = create_volume(tmp_path / "y.tif", shape=shape, dtype="uint8", voxel_size=voxel_size)
    created.write(Box.whole(shape), array)
    np.testing.assert_array_equal(open_volume(tmp_path / "y.tif").read(), array)


def test_a_box_reads_no_other_pages(tmp_path):
    array = draw_array()
    path = write(tmp_path / "x.tif", array, compression="lzw", metadata=None)
    with tifffile.TiffFile(path) as tif:
        spans = [(page.dataoffsets[0], page.databytecounts[0]) for page in tif.pages]
    content = bytearray(path.read_bytes())
    for page, (start, count) in enumerate(spans):
        if page not in {3, 4}:
            content[start : start + count] = b"\xff" * count
    path.write_bytes(content)
    np.testing.assert_array_equal(open_volume(path).read(Box((3, 2, 1), (5, 9, 9))), array[3:5, 2:9, 1:9])


def test_a_tile_is_the_chunk_of_a_tiled_file(tmp_path):
    path = write(tmp_path / "x.tif", np.zeros((3, 64, 64), np.uint8), tile=(16, 32))
    assert open_volume(path).chunks == (1, 16, 32)


@pytest.mark.parametrize(
    ("shape", "options", "named"),
    [
        ((2, 3, 6, 7), {"photometric": "minisblack"}, r"\(2, 3, 6, 7\)"),
        ((6, 7, 3), {"photometric": "rgb"}, r"\(6, 7, 3\)"),
        ((5, 6, 7, 3), {"photometric": "rgb"}, r"\(5, 6, 7, 3\)"),
    ],
)
def test_more_axes_than_three_are_named(shape, options, named, tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros(shape, np.uint8), **options)
    with pytest.raises(ShapeError, match=rf"x\.tif has the shape {named}"):
        open_volume(tmp_path / "x.tif")


HYPERSTACKS = {
    "imagej": ("ZCYX", {"imagej": True}),
    "imagej of one slice": ("CYX", {"imagej": True}),
    "ome": ("CZYX", {"ome": True}),
    "ome, z outermost": ("ZCYX", {"ome": True}),
    "ome, packed": ("CZYX", {"ome": True, "compression": "lzw"}),
    "ome, z outermost, packed": ("ZCYX", {"ome": True, "compression": "lzw"}),
    "ome in tiles": ("CZYX", {"ome": True, "tile": (16, 16)}),
    "ome of one time": ("TCZYX", {"ome": True}),
}


@pytest.mark.parametrize(("axes", "options"), HYPERSTACKS.values(), ids=HYPERSTACKS)
def test_channels_of_a_hyperstack_come_first(axes, options, tmp_path):
    sizes = {"T": 1, "C": 2, "Z": 4, "Y": 11, "X": 13}
    stored = (
        np.arange(np.prod([sizes[axis] for axis in axes])).astype(np.uint16).reshape([sizes[axis] for axis in axes])
    )
    expected = stored.transpose([axes.index(axis) for axis in "TCZYX" if axis in axes])
    expected = expected.reshape(2, 4 if "Z" in axes else 1, 11, 13)
    path = write(tmp_path / "x.tif", stored, metadata={"axes": axes}, **options)
    volume = open_volume(path)
    assert (volume.channels, volume.shape) == (2, expected.shape[1:])
    np.testing.assert_array_equal(volume.read(), expected)
    box = Box((0, 2, 3), (1, 9, 9))
    np.testing.assert_array_equal(volume.read(box), expected[(..., *box.slices)])
    np.testing.assert_array_equal(open_volume(f"{path}?channel=1").read(box), expected[1][box.slices])


@pytest.mark.parametrize("options", [{"imagej": True}, {"ome": True}, {"ome": True, "compression": "lzw"}])
def test_a_time_of_several_is_chosen(options, tmp_path):
    stored = np.stack([draw_array(), draw_array() + 1])
    path = write(tmp_path / "x.tif", stored, metadata={"axes": "TZYX"}, **options)
    with pytest.raises(ShapeError, match=r"has 2 time points; choose one from 0 to 1, as \?time=0"):
        open_volume(path)
    np.testing.assert_array_equal(open_volume(f"{path}?time=1").read(), draw_array() + 1)


def test_a_stack_that_was_saved_as_times_is_a_volume(tmp_path):
    path = write(tmp_path / "x.tif", draw_array(), imagej=True, metadata={"axes": "TYX"})
    np.testing.assert_array_equal(open_volume(path).read(), draw_array())
    np.testing.assert_array_equal(open_volume(f"{path}?time=2").read(), draw_array()[2:3])


def test_axes_that_nobody_names_are_given(tmp_path):
    array = draw_array(channels=2)
    path = write(tmp_path / "x.tif", array)
    np.testing.assert_array_equal(open_volume(f"{path}?axes=czyx").read(), array)
    np.testing.assert_array_equal(open_volume(f"{path}?axes=czyx&channel=0").read(), array[0])
    with pytest.raises(ShapeError, match=r"has the shape \(2, 9, 11, 13\)"):
        open_volume(f"{path}?axes=zyx")


@pytest.mark.parametrize(
    ("metadata", "resolution", "expected"),
    [
        ({"unit": "nm", "spacing": 30.0}, (1 / 8.0, 1 / 8.0), VoxelSize(30.0, 8.0, 8.0)),
        ({"unit": "micron", "spacing": 0.03}, (125, 125), VoxelSize(30.0, 8.0, 8.0)),
        ({"unit": "um", "spacing": 0.03}, (125, 250), VoxelSize(30.0, 4.0, 8.0)),
        ({"unit": "nm"}, (125, 125), None),
        ({"spacing": 0.03}, (125, 125), None),
        ({"unit": "pixel", "spacing": 1.0}, (1, 1), None),
    ],
)
def test_imagej_s_spacing_and_density_are_nanometres_or_unknown(metadata, resolution, expected, tmp_path):
    path = write(
        tmp_path / "x.tif", draw_array(), imagej=True, metadata={"axes": "ZYX", **metadata}, resolution=resolution
    )
    found = open_volume(path).voxel_size
    assert (found is None) == (expected is None)
    assert found is None or tuple(found) == pytest.approx(tuple(expected), rel=1e-6)


def test_pages_of_different_shapes_are_no_volume(tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        writer.write(np.zeros((4, 5), np.uint8))
        writer.write(np.zeros((5, 5), np.uint8))
    with pytest.raises(FormatError, match="2 images of different shapes"):
        open_volume(tmp_path / "x.tif")


def test_complex_pixels_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((4, 4), np.complex64))
    with pytest.raises(VolumenError, match="complex64"):
        open_volume(tmp_path / "x.tif")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"not a tiff at all", "is no TIFF"),
        (b"II", "is no TIFF"),
        (b"II*\0", "truncated"),
        (b"II*\0\0\0\0\0", "truncated"),
        (b"II*\0\xff\xff\xff\x7f", "truncated"),
        (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", "truncated or damaged: page 2"),
        (b"II+\0\x08\0\0\0", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "is no TIFF"),
    ],
)
def test_what_is_no_tiff_is_told_in_one_line(content, told, tmp_path):
    (tmp_path / "x.tif").write_bytes(content)
    with pytest.raises(FormatError, match=told) as caught:
        open_volume(tmp_path / "x.tif")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [LAYOUTS[name] for name in ("plain", "lzw", "big", "volumetric tiles", "ome")])
def test_a_cut_file_is_refused_when_it_is_opened(options, tmp_path, capfd):
    content = write(tmp_path / "x.tif", draw_array(), **options).read_bytes()
    for length in range(1, len(content), max(len(content) // 40, 1)):
        (tmp_path / "cut.tif").write_bytes(content[:length])
        with pytest.raises(FormatError, match=r"truncated|no TIFF") as caught:
            open_volume(tmp_path / "cut.tif")
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["plain", "lzw in strips", "deflate in tiles with predictor", "ome lzw", "big"])
def test_damaged_bytes_give_our_error_or_voxels(name, tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "x.tif"
    content = write(path, draw_array(), **LAYOUTS[name]).read_bytes()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(places=st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1, max_size=6))
    def check(places):
        damaged = bytearray(content)
        for place, value in places:
            damaged[place] = value
        path.write_bytes(damaged)
        with contextlib.suppress(VolumenError):
            volume = open_volume(path)
            volume.read(Box.whole(volume.shape).clip(Box.whole((4, 16, 16))))

    check()


def test_tifffile_does_not_talk_to_stderr():
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("tifffile").handlers)


def test_a_giant_that_the_header_claims_is_refused(tmp_path):
    path = write(tmp_path / "x.tif", draw_array("uint8")[0], compression="lzw", metadata=None)
    with tifffile.TiffFile(path) as tif:
        place = tif.pages[0].tags["ImageWidth"].valueoffset
    content = bytearray(path.read_bytes())
    content[place : place + 4] = struct.pack("<I", 2**31 - 1)
    path.write_bytes(content)
    with pytest.raises(VolumenError):
        open_volume(path).read()


@pytest.mark.parametrize("dtype", ["uint8", "float32", "uint64", "int64", "float16"])
@pytest.mark.parametrize(("voxel_size", "offset"), [(VOXEL_SIZE, None), (None, (1.0, 2.0, 3.0)), (None, None)])
def test_voxel_size_and_offset_survive_in_any_type(dtype, voxel_size, offset, tmp_path):
    create_volume(tmp_path / "x.tif", shape=(2, 3, 4), dtype=dtype, voxel_size=voxel_size, offset=offset)
    volume = open_volume(tmp_path / "x.tif")
    assert (volume.dtype, volume.voxel_size, volume.offset) == (dtype, voxel_size, offset)


def test_a_file_of_ours_is_valid_ome(tmp_path):
    create_volume(tmp_path / "x.tif", shape=(2, 3, 4), dtype="uint16", voxel_size=VOXEL_SIZE)
    with tifffile.TiffFile(tmp_path / "x.tif") as tif:
        pixels = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
        assert tif.series[0].axes == "ZYX"
    assert [pixels[f"PhysicalSize{axis}"] for axis in "ZYX"] == list(VOXEL_SIZE)


def test_micrometres_of_other_writers_are_nanometres_here(tmp_path):
    sizes = {"PhysicalSizeZ": 0.5, "PhysicalSizeY": 0.1, "PhysicalSizeX": 0.1}
    write(tmp_path / "x.tif", draw_array(), ome=True, metadata={"axes": "ZYX", **sizes})
    assert open_volume(tmp_path / "x.tif").voxel_size == VoxelSize(500.0, 100.0, 100.0)


def test_a_created_file_is_zero_and_plain(tmp_path):
    create_volume(tmp_path / "x.tif", shape=(2, 3, 4), dtype="uint16").write(
        Box((1, 0, 0), (2, 3, 4)), np.full((1, 3, 4), 7, np.uint16)
    )
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "x.tif"), np.repeat([0, 7], 12).reshape(2, 3, 4).astype(np.uint16)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["x.tif"]


def test_a_large_file_is_created_as_bigtiff_in_full(tmp_path, monkeypatch):
    monkeypatch.setattr("volumen.volumes.tiff._BIG", 1000)
    create_volume(tmp_path / "x.tif", shape=(20, 30, 40), dtype="uint8")
    assert (tmp_path / "x.tif").read_bytes()[:4] == b"II+\0"
    assert open_volume(tmp_path / "x.tif").shape == (20, 30, 40)


def test_a_full_disk_is_found_when_a_file_is_created(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", refuse)
    with pytest.raises(OutputError, match=r"x\.tif cannot be written: No space left"):
        create_volume(tmp_path / "x.tif", shape=(2, 3, 4), dtype="uint8")
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_replaced_only_when_asked(tmp_path):
    export_volume(draw_array(), tmp_path / "x.tif")
    with pytest.raises(ExistsError, match="there already"):
        create_volume(tmp_path / "x.tif", shape=(2, 3, 4), dtype="uint8")
    assert open_volume(tmp_path / "x.tif").shape == draw_array().shape
    create_volume(tmp_path / "x.tif", shape=(2, 3, 4), dtype="uint8", overwrite=True)
    assert open_volume(tmp_path / "x.tif").shape == (2, 3, 4)


def test_decoded_pages_are_kept_for_boxes_and_not_for_the_whole(tmp_path):
    from volumen.volumes.cache import PIECES

    path = write(tmp_path / "x.tif", draw_array(), compression="lzw", metadata=None)
    before = PIECES.nbytes
    open_volume(path).read()
    open_volume(path).uncached().read(Box.whole((2, 3, 4)))
    assert PIECES.nbytes == before
    volume = open_volume(path)
    for _ in range(2):
        np.testing.assert_array_equal(volume.read(Box((2, 0, 0), (5, 3, 4))), draw_array()[2:5, :3, :4])
    assert PIECES.nbytes == before + 3 * draw_array()[0].nbytes


def test_a_file_that_was_written_anew_is_read_anew(tmp_path):
    box = Box.whole((2, 3, 4))
    for number in range(3):
        path = write(tmp_path / f"{number}.tif", draw_array() + number, compression="lzw", metadata=None)
        path.replace(tmp_path / "x.tif")
        np.testing.assert_array_equal(open_volume(tmp_path / "x.tif").read(box), draw_array()[box.slices] + number)
