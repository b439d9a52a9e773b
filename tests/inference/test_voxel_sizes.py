import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.config import Component
from volumen.decoding import CleanUp
from volumen.geometry import Box, VoxelSize, to_shape
from volumen.inference import (
    Batch,
    Compute,
    PredictOptions,
    Tiling,
    TuneOptions,
    activate_logits,
    average_predictions,
    load_model,
    predict_array,
    predict_file,
    predict_volume,
    tune_predictions,
)
from volumen.inference.plan import fit_intensity
from volumen.inference.voxel_sizes import SourceGrid
from volumen.volumes import create_volume, open_volume, read_linear, scale_shape

OWN = VoxelSize(40, 5, 5)
SCALE = (1.0, 2.0, 2.0)


@pytest.fixture
def coarse_model(write_model, tmp_path):
    """A model whose recipe brings images to half the resolution in plane."""
    config = {
        "data": {"patch_size": 16, "voxel_size": [40, 10, 10]},
        "network": {"name": "unet", "features": 4, "depth": 2, "normalisation": "instance"},
        "heads": {"surface": {"target": "binary", "losses": ["dice"]}},
        "prediction": {"overlap": 4},
    }
    return load_model(write_model(tmp_path / "coarse", 0, config=config), device="cpu")


@pytest.fixture
def fine(image, tmp_path):
    volume = create_volume(tmp_path / "fine.zarr", shape=image.shape, dtype=image.dtype, voxel_size=OWN)
    volume.write(Box.whole(image.shape), image)
    return volume


def predict(model, source, out, **knobs):
    return predict_volume([model], source, out, tiling=Tiling(batch=1), **knobs)


def test_a_volume_of_other_voxels_is_predicted_at_the_models(coarse_model, fine, image, tmp_path):
    prediction = predict(coarse_model, fine, tmp_path / "p.zarr")

    shape = scale_shape(image.shape, SCALE)
    seen = read_linear(fine.read, image.shape, Box.whole(shape), SCALE)
    normalised = fit_intensity(coarse_model, image).apply(seen)  # the file's own intensities, as in training
    logits = predict_array(lambda tiles: coarse_model.network(tiles)["surface"][0], normalised, tile=16, overlap=4)
    assert prediction.shape == shape
    assert prediction.voxel_size == VoxelSize(40, 10, 10)
    assert np.array_equal(prediction.read(), activate_logits(logits[None], "sigmoid")[0])


def test_labels_come_back_at_the_volumes_own_voxels(coarse_model, fine, image, tmp_path):
    batch = Batch([coarse_model], Tiling(batch=1), Compute(), CleanUp(), PredictOptions(probabilities=True))
    done = predict_file(batch, tmp_path / "fine.zarr", tmp_path / "labels.tif")

    assert done.error is None
    labels = open_volume(done.target)
    assert labels.shape == image.shape
    assert labels.voxel_size == OWN
    assert np.array_equal(labels.read()[:, :32:2, ::2], done.decoded.labels)


def test_a_part_is_that_box_of_the_whole(coarse_model, fine, tmp_path):
    whole = predict(coarse_model, fine, tmp_path / "a.zarr")
    roi = Box((3, 5, 8), (20, 22, 31))
    part = predict(coarse_model, fine, tmp_path / "b.zarr", roi=roi)

    assert part.roi == Box((3, 2, 4), (20, 11, 16))
    assert np.array_equal(part.read(), whole.read(box=part.roi))
    grid = part.source_grid
    assert grid.bring_back(part.read()).shape == roi.shape
    assert np.array_equal(grid.bring_back(part.read()), whole.source_grid.bring_back(whole.read())[roi.slices])


def test_an_average_keeps_the_way_back(coarse_model, fine, tmp_path):
    one = predict(coarse_model, fine, tmp_path / "a.zarr")
    assert average_predictions([one, one], tmp_path / "mean.zarr").source_grid == one.source_grid


def test_a_run_is_gone_on_with(coarse_model, fine, tmp_path):
    first = predict(coarse_model, fine, tmp_path / "a.zarr")
    again = predict(coarse_model, fine, tmp_path / "a.zarr")
    assert again.attributes == first.attributes


@pytest.mark.parametrize("roi", [None, Box((3, 5, 8), (20, 22, 31))])
def test_decoding_is_tuned_by_labels_at_the_volumes_own_voxels(coarse_model, fine, tmp_path, roi):
    prediction = predict(coarse_model, fine, tmp_path / "p.zarr", roi=roi)
    check_tuning(prediction, prediction.source_grid, tmp_path)


def test_where_no_way_back_is_written_down_it_is_found_by_voxel_sizes(model, image, tmp_path):
    coarse = create_volume(tmp_path / "c.zarr", shape=image.shape, dtype=image.dtype, voxel_size=VoxelSize(40, 10, 10))
    coarse.write(Box.whole(image.shape), image)
    prediction = predict(model, coarse, tmp_path / "p.zarr")
    check_tuning(prediction, SourceGrid(Box.whole((28, 66, 71)), (1.0, 2.0, 2.0), image.shape, OWN), tmp_path)


def check_tuning(prediction, grid, folder):
    """Labels that a threshold gives, brought to the volume's voxels, are found in both halves without an error."""
    middle = float(np.median(prediction.read()))
    labels = grid.bring_back((prediction.read() >= middle).astype(np.uint8))
    create_volume(folder / "t.zarr", shape=labels.shape, dtype="u1", voxel_size=OWN).write(
        Box.whole(labels.shape), labels
    )
    steps = (Component(name="threshold", options={"value": middle}),)
    report = tune_predictions({"t": (prediction.path, folder / "t.zarr")}, steps=steps, options=TuneOptions(trials=1))
    assert report.tuned.score == report.held_out_after == 1


def test_a_volume_that_says_nothing_is_taken_as_it_is_and_said(coarse_model, source, image, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        prediction = predict(coarse_model, source, tmp_path / "p.zarr")
    assert prediction.shape == image.shape
    assert prediction.source_grid is None
    assert "does not say its voxel size" in caplog.text


def test_a_model_that_resamples_nothing_warns_of_voxels_it_has_not_seen(write_model, fine, tmp_path, caplog):
    model = replace(load_model(write_model(tmp_path / "plain", 0), device="cpu"), plan={"voxel_size": [40, 10, 10]})
    with caplog.at_level(logging.WARNING):
        prediction = predict(model, fine, tmp_path / "p.zarr")
    assert prediction.source_grid is None
    assert "voxels of 40 × 5 × 5 nm" in caplog.text


@given(
    extents=st.tuples(*[st.integers(1, 40)] * 3),
    scale=st.tuples(*[st.floats(0.2, 5)] * 3),
    data=st.data(),
)
def test_every_voxel_of_a_box_finds_a_predicted_one(extents, scale, data):
    starts = [data.draw(st.integers(0, extent - 1)) for extent in extents]
    stops = [data.draw(st.integers(start + 1, extent)) for start, extent in zip(starts, extents, strict=True)]
    grid = SourceGrid(Box(to_shape(starts), to_shape(stops)), scale, scale_shape(extents, scale), OWN)
    numbers = np.arange(np.prod(grid.shape)).reshape(grid.shape)

    back = grid.bring_back(numbers[grid.part.slices])
    whole = SourceGrid(Box.whole(extents), scale, grid.shape, OWN).bring_back(numbers)
    assert np.array_equal(back, whole[grid.box.slices])
    assert SourceGrid.from_dict(grid.to_dict()) == grid
