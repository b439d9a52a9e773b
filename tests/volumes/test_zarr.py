import numpy as np
import pytest
import tensorstore

from volumen.errors import FormatError, OutputError
from volumen.geometry import Box
from volumen.volumes import create_group, create_volume, open_volume, read_attributes, write_attributes


def write_foreign(path, array, driver):
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": str(path)}}
    kind = {"dtype": "|u1"} if driver == "zarr" else {"data_type": "uint8"}
    spec["metadata"] = {"shape": array.shape} | kind
    tensorstore.open(spec, create=True).result().write(array).result()


@pytest.mark.parametrize("driver", ["zarr", "zarr3"])
def test_both_versions_are_read(tmp_path, rng, driver):
    array = rng.integers(0, 255, (5, 6, 7)).astype(np.uint8)
    write_foreign(tmp_path / "a.zarr", array, driver)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.zarr").read(), array)


def test_a_group_of_one_array_opens_and_of_several_asks_which(tmp_path):
    create_group(tmp_path / "g.zarr", {"made_by": "test"})
    create_volume(tmp_path / "g.zarr" / "first", shape=(4, 4, 4), dtype="uint8")
    assert open_volume(tmp_path / "g.zarr").shape == (4, 4, 4)
    create_volume(tmp_path / "g.zarr" / "second", shape=(4, 4, 4), dtype="uint8")
    with pytest.raises(FormatError, match=r"holds 2 arrays; name one: .*first, .*second"):
        open_volume(tmp_path / "g.zarr")


def test_attributes_of_a_group_are_replaced_whole(tmp_path):
    create_group(tmp_path / "g.zarr", {"a": 1})
    write_attributes(tmp_path / "g.zarr", {"b": [2, None]})
    assert read_attributes(tmp_path / "g.zarr") == {"b": [2, None]}


def test_a_damaged_store_is_our_error(tmp_path, rng):
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(FormatError, match="holds no Zarr array"):
        open_volume(tmp_path / "empty.zarr")
    write_foreign(tmp_path / "a.zarr", rng.integers(0, 255, (5, 6, 7)).astype(np.uint8), "zarr3")
    (tmp_path / "a.zarr" / "zarr.json").write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        open_volume(tmp_path / "a.zarr")


def test_a_damaged_chunk_is_our_error(tmp_path, rng):
    create_volume(tmp_path / "a.zarr", shape=(8, 8, 8), dtype="uint8").write(
        Box.whole((8, 8, 8)),
        rng.integers(0, 255, (8, 8, 8)).astype(np.uint8),
    )
    chunk = next(path for path in (tmp_path / "a.zarr" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(b"junk")
    with pytest.raises(FormatError, match="a chunk cannot be read"):
        open_volume(tmp_path / "a.zarr").read()


def test_an_array_opened_again_takes_boxes_only_when_asked_to(tmp_path):
    create_volume(tmp_path / "a.zarr", shape=(2, 2, 2), dtype=np.uint8)
    box = Box.whole((2, 2, 2))

    with pytest.raises(OutputError, match="opened to be read"):
        open_volume(tmp_path / "a.zarr").write(box, np.ones((2, 2, 2), np.uint8))
    open_volume(tmp_path / "a.zarr", writable=True).write(box, np.ones((2, 2, 2), np.uint8))

    assert open_volume(tmp_path / "a.zarr").uncached().read().all()
