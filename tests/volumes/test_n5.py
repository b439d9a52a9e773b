import json

import numpy as np
import pytest
import tensorstore
from contract import draw_array
from foreign import save_n5

from volumen.errors import FormatError, MissingError
from volumen.geometry import VoxelSize
from volumen.volumes import count_missing, open_volume


def save_array(path, array, **attributes):
    """An N5 array x y z by tensorstore."""
    metadata = {
        "dimensions": array.shape[::-1], "blockSize": (6, 5, 4)[: array.ndim], "dataType": array.dtype.name,
        "compression": {"type": "raw"}, **attributes,
    }  # fmt: skip
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/"}, "metadata": metadata, "create": True}
    tensorstore.open(spec).result().write(array.T).result()
    return path


def note(path, **attributes):
    file = path / "attributes.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | attributes))


def test_a_pyramid_opens_by_level(tmp_path):
    for level in range(3):
        save_array(tmp_path / "x.n5" / "raw" / f"s{level}", draw_array()[:: 2**level])
        note(tmp_path / "x.n5" / "raw" / f"s{level}", downsamplingFactors=[1, 1, 2**level])
    note(tmp_path / "x.n5" / "raw", pixelResolution={"unit": "nm", "dimensions": [4, 4, 40]})
    for level in range(3):
        volume = open_volume(f"{tmp_path}/x.n5/raw@{level}")
        np.testing.assert_array_equal(volume.read(), draw_array()[:: 2**level])
        assert volume.voxel_size == VoxelSize(40.0 * 2**level, 4.0, 4.0)
    assert len(open_volume(tmp_path / "x.n5" / "raw").describe().levels) == 3
    with pytest.raises(MissingError, match="no level 3; the levels are 0 to 2"):
        open_volume(f"{tmp_path}/x.n5/raw@3")
    with pytest.raises(FormatError, match="has no levels"):
        open_volume(f"{tmp_path}/x.n5/raw/s0@0")


def test_cosem_s_transform_names_axes_and_units(tmp_path):
    path = save_array(tmp_path / "x.n5" / "em" / "s0", draw_array())
    transform = {"axes": ["z", "y", "x"], "units": ["nm"] * 3, "scale": [5.24, 4, 4], "translate": [1, 2, 3]}
    note(path, transform=transform)
    note(tmp_path / "x.n5" / "em", multiscales=[{"datasets": [{"path": "s0", "transform": transform}]}])
    volume = open_volume(tmp_path / "x.n5" / "em")
    assert (volume.voxel_size, volume.offset) == (VoxelSize(5.24, 4.0, 4.0), (1.0, 2.0, 3.0))


def test_axes_that_the_file_names_are_followed(tmp_path):
    path = save_array(tmp_path / "x.n5", draw_array(), axes=["z", "y", "x"], resolution=[40, 4, 8], units=["nm"] * 3)
    volume = open_volume(path)
    np.testing.assert_array_equal(volume.read(), draw_array().T)
    assert volume.voxel_size == VoxelSize(40.0, 4.0, 8.0)


def test_a_2d_array_opens_with_one_slice(tmp_path):
    np.testing.assert_array_equal(open_volume(save_array(tmp_path / "x.n5", draw_array()[0])).read(), draw_array()[:1])


def test_a_group_names_its_arrays(tmp_path):
    save_n5(tmp_path, draw_array())
    assert open_volume(tmp_path / "x.n5" / "volumes").shape == draw_array().shape
    save_array(tmp_path / "x.n5" / "volumes" / "labels", draw_array())
    with pytest.raises(FormatError, match=r"group of 2 arrays.*volumes/labels, .*volumes/raw"):
        open_volume(tmp_path / "x.n5" / "volumes")
    with pytest.raises(MissingError, match="is not there"):
        open_volume(tmp_path / "x.n5" / "nothing")


def test_a_folder_needs_no_suffix_when_it_is_an_n5(tmp_path):
    np.testing.assert_array_equal(open_volume(save_array(tmp_path / "plain", draw_array())).read(), draw_array())


def test_missing_blocks_are_zero_and_counted(tmp_path):
    path = save_array(tmp_path / "x.n5", draw_array() + 1)
    (path / "0" / "0" / "0").unlink()
    volume = open_volume(path)
    assert not volume.read()[:4, :5, :6].any()
    assert (count_missing(volume).count, count_missing(volume).total, count_missing(volume).fill) == (1, 27, 0)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"dimensions": 3}', '{"dimensions": [1, 2, 3]}'])
def test_damaged_metadata_is_told_in_one_line(text, tmp_path):
    (tmp_path / "x.n5").mkdir()
    (tmp_path / "x.n5" / "attributes.json").write_text(text)
    with pytest.raises(FormatError, match=r"x\.n5") as caught:
        open_volume(tmp_path / "x.n5")
    assert "\n" not in str(caught.value)
