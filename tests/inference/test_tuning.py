import json
import logging

import numpy as np
import pytest

from volumen.config import Component
from volumen.errors import ConfigError, DataError, MissingError
from volumen.inference import Tiling, TuneOptions, pair_predictions, predict_volume, tune_predictions
from volumen.inference.tuning import halve_box
from volumen.volumes import ArrayVolume, export_volume

THRESHOLD = (Component(name="threshold", options={"value": 0.99}),)


@pytest.fixture
def pairs(model, rng, tmp_path):
    """Three predictions, and as truth what lies above 0.4 in them."""
    made = {}
    for name in ("a", "b", "c"):
        image = ArrayVolume(rng.random((16, 24, 16)).astype(np.float32), spec=f"{name}.tif")
        prediction = predict_volume([model], image, tmp_path / f"{name}.zarr", tiling=Tiling((16, 16, 16), 4))
        values = prediction.read()
        export_volume((values > np.quantile(values, 0.4)).astype(np.uint8), tmp_path / "truth" / f"{name}.tif")
        made[name] = (prediction.path, tmp_path / "truth" / f"{name}.tif")
    return made


def test_cases_are_held_out_and_scored_apart(pairs):
    report = tune_predictions(pairs, steps=THRESHOLD, values=["threshold.value=0:1:0.05"])

    assert sorted((*report.seen, *report.held_out)) == ["a", "b", "c"]
    assert len(report.held_out) == 2
    assert report.score == "dice"
    assert report.tuned.score > report.tuned.before
    assert report.held_out_after > report.held_out_before


def test_a_lone_volume_is_tuned_on_one_half(pairs):
    report = tune_predictions({"a": pairs["a"]}, steps=THRESHOLD, values=["threshold.value=0.3,0.5"])

    assert report.seen == ("a, 0:16,0:12,0:16",)
    assert report.held_out == ("a, 0:16,12:24,0:16",)


def test_all_may_be_seen(pairs):
    report = tune_predictions(pairs, steps=THRESHOLD, options=TuneOptions(held_out=0, trials=3))

    assert report.held_out == ()
    assert np.isnan(report.held_out_after)
    with pytest.raises(ConfigError, match="below 1"):
        TuneOptions(held_out=1)


def test_predictions_of_training_cases_are_warned_of(pairs, model, caplog):
    folds = model.folder.parent.parent / "folds.json"
    folds.write_text(json.dumps({"folds": [{"number": 0, "training": ["a"], "validation": ["b"]}]}))

    with caplog.at_level(logging.WARNING):
        tune_predictions(pairs, steps=THRESHOLD, options=TuneOptions(trials=1))

    folds.unlink()
    assert "a.zarr is of a, which" in caplog.text
    assert "b.zarr" not in caplog.text


def test_halves_share_no_voxel_and_lose_none():
    one, other = halve_box((5, 9, 3))

    assert one.size + other.size == 135
    assert one.clip(other).size == 0


def test_folders_are_paired_by_name(pairs, tmp_path):
    assert pair_predictions(tmp_path, tmp_path / "truth").keys() == {"a", "b", "c"}
    (tmp_path / "truth" / "b.tif").unlink()
    with pytest.raises(MissingError, match="lacks the truth of b"):
        pair_predictions(tmp_path, tmp_path / "truth")
    with pytest.raises(MissingError, match="holds no prediction"):
        pair_predictions(tmp_path / "truth", tmp_path / "truth")


def test_a_truth_of_another_shape_is_refused(pairs, tmp_path):
    export_volume(np.zeros((4, 4, 4), np.uint8), tmp_path / "other.tif")
    with pytest.raises(DataError, match=r"give labels of the volume.* of shape \(16, 24, 16\)"):
        tune_predictions({"a": (pairs["a"][0], tmp_path / "other.tif")}, steps=THRESHOLD)
