import numpy as np
import pytest
from contract import draw_array

from volumen.errors import DataError, FormatError
from volumen.geometry import Box
from volumen.volumes import limit_cache, open_volume
from volumen.volumes.cache import CACHE_VARIABLE


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", ">u2", "bool"])
def test_any_order_and_type_reads_back(order, dtype, tmp_path):
    array = np.asarray(draw_array() % 2 if dtype == "bool" else draw_array(), dtype, order=order)
    np.save(tmp_path / "x.npy", array)
    volume = open_volume(tmp_path / "x.npy")
    assert volume.dtype.isnative
    np.testing.assert_array_equal(volume.read(Box((1, 2, 3), (5, 6, 7))), array[1:5, 2:6, 3:7])


def test_only_what_a_box_needs_is_read(tmp_path):
    np.save(tmp_path / "x.npy", draw_array())
    with (tmp_path / "x.npy").open("r+b") as file:
        file.truncate(200_000_000)  # more than is there: sparse
    assert open_volume(tmp_path / "x.npy").read(Box.whole((1, 1, 1))) == draw_array()[0, 0, 0]


def test_axes_are_given_in_the_order_of_the_array(tmp_path):
    for order in "CF":
        np.save(tmp_path / "x.npy", np.asarray(draw_array().T, order=order))
        np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.npy?axes=xyz").read(), draw_array())


def test_a_single_array_of_an_npz_needs_no_key(tmp_path):
    np.savez(tmp_path / "x.npz", labels=draw_array())
    np.testing.assert_array_equal(open_volume(tmp_path / "x.npz").read(), draw_array())
    np.testing.assert_array_equal(open_volume(f"{tmp_path}/x.npz:labels").read(), draw_array())


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_several_arrays_are_named(save, tmp_path):
    save(tmp_path / "x.npz", a=draw_array(), b=draw_array()[0])
    assert open_volume(f"{tmp_path}/x.npz:b").shape == (1, 11, 13)
    with pytest.raises(FormatError, match=r"holds 2 arrays; name one as .*x\.npz:NAME, of: a, b"):
        open_volume(tmp_path / "x.npz")
    with pytest.raises(FormatError, match="has no array 'c'"):
        open_volume(f"{tmp_path}/x.npz:c")


def test_a_packed_array_too_large_for_the_cache_is_streamed(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(CACHE_VARIABLE, "0")
    limit_cache(1000)
    for order in "CF":
        np.savez_compressed(tmp_path / "x.npz", np.asarray(draw_array(), order=order))
        volume = open_volume(tmp_path / "x.npz")
        assert "make a Zarr of it" in caplog.text
        np.testing.assert_array_equal(volume.read(Box((3, 2, 1), (8, 9, 11))), draw_array()[3:8, 2:9, 1:11])


def test_pickles_are_never_run(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[[{}]]], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="ints or floats"):
        open_volume(tmp_path / "x.npy")


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x93NUMPY\x09\x00", b"PK\x03\x04"])
def test_what_is_neither_is_told_in_one_line(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=name) as caught:
        open_volume(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_cut_file_is_refused_when_it_is_opened(tmp_path):
    np.save(tmp_path / "x.npy", draw_array())
    content = (tmp_path / "x.npy").read_bytes()
    for length in range(0, len(content), 97):
        (tmp_path / "x.npy").write_bytes(content[:length])
        with pytest.raises(FormatError):
            open_volume(tmp_path / "x.npy")
