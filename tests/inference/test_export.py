import numpy as np
import pytest

from volumen.config import Component
from volumen.errors import UnknownNameError
from volumen.heads import HeadSpec, LengthSpec
from volumen.inference import Tiling, export_labels, load_model, open_prediction, predict_volume
from volumen.inference.export import write_labels
from volumen.volumes import open_volume, read_attributes, write_attributes


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


def test_a_step_reads_the_heads_that_it_needs(write_model, source, tmp_path):
    heads = (
        HeadSpec("mask", 1, "sigmoid"),
        HeadSpec("rim", 1, "sigmoid", "boundary"),
        HeadSpec("deep", 1, "none", "distance", lengths=LengthSpec(side="inside")),
    )
    model = load_model(write_model(tmp_path / "model", 0, heads=heads), device="cpu")
    prediction = predict_volume([model], source, tmp_path / "p.zarr", tiling=Tiling(batch=1))
    assert prediction.heads == heads

    middle = {name: float(np.median(prediction.read(name))) for name in ("mask", "rim")}
    options = {"foreground": middle["mask"], "seed_foreground": middle["mask"], "seed_boundary": middle["rim"]}
    export_labels(prediction, tmp_path / "a.tif", [Component(name="watershed", options=options)])

    labels = open_volume(tmp_path / "a.tif").read()
    assert np.array_equal(labels > 0, prediction.read("mask") >= middle["mask"])


def test_a_prediction_of_the_first_format_is_decoded(prediction, tmp_path):
    written = read_attributes(prediction.path)["volumen"]
    heads = [{"name": "surface", "channels": 1, "activation": "sigmoid", "target": "binary"}]
    write_attributes(prediction.path, {"volumen": {**written, "version": 1, "heads": heads}})
    export_labels(open_prediction(prediction.path), tmp_path / "a.tif", [Component(name="threshold")])
    assert (tmp_path / "a.tif").exists()
