import numpy as np
import pytest

from volumen.decoding import CleanUp
from volumen.errors import DataError, ShapeError
from volumen.geometry import Box
from volumen.inference import Batch, Compute, PredictOptions, Tiling, load_model, plan_files, predict_file
from volumen.volumes import StackedVolume, create_volume, open_volume


@pytest.fixture
def write_image(rng, tmp_path):
    def write(name):
        array = rng.integers(0, 255, (16, 20, 18), np.uint8)
        create_volume(tmp_path / name, shape=array.shape, dtype=array.dtype).write(Box.whole(array.shape), array)
        return tmp_path / name

    return write


def batch_of(model, **knobs):
    return Batch([model], Tiling(batch=1), Compute(), CleanUp(), PredictOptions(**knobs))


def test_a_file_a_channel_makes_one_image(write_image, tmp_path):
    for name in ("a_0000.zarr", "a_0001.zarr", "b_0000.zarr", "b_0001.zarr", "whole.zarr"):
        write_image(name)
    jobs = plan_files(tmp_path, tmp_path / "out", channels=2)
    assert [(image.name, target.name) for image, target in jobs] == [
        ("a_0000.zarr", "a.tif"),
        ("b_0000.zarr", "b.tif"),
        ("whole.zarr", "whole.tif"),
    ]


def test_to_a_model_of_one_channel_every_file_is_an_image(write_image, tmp_path):
    for name in ("scroll_0000.zarr", "scroll_0001.zarr"):
        write_image(name)
    assert [target.name for _, target in plan_files(tmp_path, tmp_path / "out")] == [
        "scroll_0000.tif",
        "scroll_0001.tif",
    ]


def test_an_image_of_two_files_is_predicted_as_their_stack(write_model, write_image, tmp_path):
    first, second = write_image("a_0000.zarr"), write_image("a_0001.zarr")
    model = load_model(write_model(tmp_path / "two", 0, channels=2), device="cpu")
    ((image, target),) = plan_files(first, tmp_path / "out", channels=2)

    done = predict_file(batch_of(model), image, target)

    assert done.error is None
    assert target.name == "a.tif"
    stack = StackedVolume([open_volume(first), open_volume(second)]).read()
    assert np.array_equal(open_volume(target).read(), model.predict(stack))


def test_a_channel_that_is_missing_is_said(write_model, write_image, tmp_path):
    model = load_model(write_model(tmp_path / "two", 0, channels=2), device="cpu")
    done = predict_file(batch_of(model), write_image("a_0000.zarr"), tmp_path / "out" / "a.tif")
    assert isinstance(done.error, ShapeError)
    assert "takes images of 2 channels; this one has 1" in str(done.error)


def test_a_folder_without_volumes_is_an_error(tmp_path):
    with pytest.raises(DataError, match="holds no volumes"):
        plan_files(tmp_path, tmp_path / "out")
