import numpy as np
import pytest

from volumen.config import Component
from volumen.errors import UnknownNameError
from volumen.inference import Tiling, export_labels, predict_volume
from volumen.inference.export import write_labels
from volumen.volumes import open_volume


@pytest.fixture
def prediction(model, source, tmp_path):
    return predict_volume([model], source, tmp_path / "p.zarr", tiling=Tiling(batch=1))


def test_a_mask_is_written_as_0_and_1_and_for_the_eye_as_0_and_255(prediction, tmp_path):
    middle = float(np.median(prediction.read()))

    decoded = export_labels(
        prediction, tmp_path / "out" / "scan.tif", [Component(name="threshold", options={"value": middle})]
    )

    mask = open_volume(tmp_path / "out" / "scan.tif").read()
    shown = open_volume(tmp_path / "out" / "scan_visualization.tif").read()
    assert mask.dtype == shown.dtype == np.uint8
    np.testing.assert_array_equal(mask, prediction.read() >= middle)
    np.testing.assert_array_equal(shown, mask * 255)
    assert decoded.foreground == mask.sum()
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_instances_keep_their_numbers_in_the_smallest_type(tmp_path):
    labels = np.zeros((2, 3, 4), np.int64)
    labels[0, 0, :2] = 1, 300

    write_labels(labels, tmp_path / "a.tif", voxel_size=None)

    written = open_volume(tmp_path / "a.tif").read()
    assert written.dtype == np.uint16
    np.testing.assert_array_equal(written, labels)
    assert open_volume(tmp_path / "a_visualization.tif").read().max() == 255


def test_a_head_that_is_not_there_is_named(prediction, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'surface'"):
        export_labels(prediction, tmp_path / "a.tif", [Component(name="threshold")], head="surfaces")
