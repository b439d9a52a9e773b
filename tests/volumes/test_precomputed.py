import json

import numpy as np
import pytest
from contract import draw_array
from foreign import VOXEL_SIZE, save_precomputed

from volumen.errors import FormatError, MissingError
from volumen.geometry import Box
from volumen.volumes import count_missing, open_volume

SHARDING = {
    "@type": "neuroglancer_uint64_sharded_v1", "preshift_bits": 1, "minishard_bits": 1, "shard_bits": 2,
    "hash": "identity", "minishard_index_encoding": "gzip", "data_encoding": "gzip",
}  # fmt: skip


def test_mips_are_levels(tmp_path):
    spec = save_precomputed(tmp_path, draw_array(), levels=2)
    for level in range(2):
        volume = open_volume(f"{spec}@{level}")
        np.testing.assert_array_equal(volume.read(), draw_array()[:: 2**level, :: 2**level, :: 2**level])
        assert tuple(volume.voxel_size) == tuple(edge * 2**level for edge in VOXEL_SIZE)
    assert open_volume(spec).describe().levels == (f"{spec}@0", f"{spec}@1")
    with pytest.raises(MissingError, match="no level 2; the levels are 0 to 1"):
        open_volume(f"{spec}@2")


def test_a_folder_with_an_info_file_needs_no_prefix(tmp_path):
    save_precomputed(tmp_path, draw_array())
    np.testing.assert_array_equal(open_volume(tmp_path / "x").read(), draw_array())


@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_compressed_segmentation_keeps_ids(dtype, tmp_path):
    labels = draw_array().astype(dtype) + (2**63 if dtype == "uint64" else 2**31)
    volume = open_volume(
        save_precomputed(
            tmp_path, labels, encoding="compressed_segmentation", compressed_segmentation_block_size=[8, 8, 8]
        )
    )
    assert volume.dtype == dtype
    np.testing.assert_array_equal(volume.read(), labels)


@pytest.mark.parametrize(("encoding", "tolerance"), [("png", 0), ("jpeg", 60)])
def test_pictures_as_chunks_are_decoded(encoding, tolerance, tmp_path):
    volume = open_volume(save_precomputed(tmp_path, draw_array("uint8"), encoding=encoding))
    assert volume.describe().format == f"precomputed ({encoding})"
    assert np.abs(volume.read().astype(int) - draw_array()).max() <= tolerance


def test_shards_are_read_and_not_counted(tmp_path):
    volume = open_volume(save_precomputed(tmp_path, draw_array(), sharding=SHARDING))
    np.testing.assert_array_equal(volume.read(Box((1, 2, 3), (7, 8, 9))), draw_array()[1:7, 2:8, 3:9])
    assert count_missing(volume) is None


def test_missing_chunks_are_zero_and_counted(tmp_path):
    volume = open_volume(save_precomputed(tmp_path, draw_array() + 1))
    next(path for path in sorted((tmp_path / "x").rglob("*-*_*-*_*-*"))).unlink()
    assert (count_missing(volume).count, count_missing(volume).total) == (1, 27)
    assert not volume.read().all()


def test_an_encoding_that_is_not_read_is_named(tmp_path):
    save_precomputed(tmp_path, draw_array())
    info = json.loads((tmp_path / "x" / "info").read_text())
    info["scales"][0]["encoding"] = "compresso"
    (tmp_path / "x" / "info").write_text(json.dumps(info))
    with pytest.raises(FormatError, match="encoded as 'compresso'; read are raw, jpeg, png, compressed_segmentation"):
        open_volume(tmp_path / "x")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"scales": []}', '{"scales": [{"encoding": "raw"}]}'])
def test_a_damaged_info_file_is_told_in_one_line(text, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "info").write_text(text)
    with pytest.raises(FormatError, match="x") as caught:
        open_volume(tmp_path / "x")
    assert "\n" not in str(caught.value)


def test_nothing_there_is_missing(tmp_path):
    with pytest.raises(MissingError, match="is not there"):
        open_volume(f"precomputed://{tmp_path}/x")
    with pytest.raises(FormatError, match="has no info file"):
        open_volume(f"precomputed://{tmp_path}")
