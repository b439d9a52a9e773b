import json

import numpy as np
import pytest
import tifffile

from volumen.errors import ConfigError, MissingError, ShapeError
from volumen.inference import Tiling
from volumen.training import PlanOptions, run_preflight


@pytest.fixture(scope="module")
def flight(balls, make_config):
    return run_preflight(balls, make_config(), predict=balls / "train_images" / "ball_0.tif")


def list_errors(result):
    return [finding.text for finding in result.findings if finding.level == "error"]


def test_a_recipe_that_fits_has_no_findings_and_all_forecasts(flight):
    assert flight.findings == ()
    assert flight.can_train
    assert [case.shape for case in flight.data.cases] == [(16, 16, 16)] * 4
    assert [len(fold.validation) for fold in flight.folds] == [2, 2]
    assert flight.plan is None
    assert flight.training.memory.training > flight.training.memory.prediction > 0
    assert (flight.training.batches, flight.training.judged, flight.training.epochs) == (3, 4, 2)
    assert flight.training.seconds == pytest.approx(2 * flight.training.epoch)


def test_a_prediction_is_forecast_with_the_recipes_tiles(flight):
    assert (flight.prediction.tile, flight.prediction.overlap, flight.prediction.tiles) == ((8, 8, 8), (2, 2, 2), 27)
    assert flight.prediction.seconds == pytest.approx(27 * flight.training.forward)
    assert flight.prediction.buffers > 0


def test_a_preflight_is_plain_values(flight):
    told = json.loads(json.dumps(flight.to_dict()))
    assert told["can_train"] is True
    assert told["training"]["memory"]["training"] == flight.training.memory.training


def test_tiles_may_be_asked_for(balls, make_config):
    image, config = balls / "train_images" / "ball_0.tif", make_config()
    result = run_preflight(balls, config, predict=image, tiling=Tiling(tile=(16, 16, 16), overlap=0.5))
    assert result.prediction.tiles == 1
    with pytest.raises(ShapeError, match="multiples of"):
        run_preflight(balls, config, predict=image, tiling=Tiling(tile=(7, 8, 8)))
    with pytest.raises(MissingError):
        run_preflight(balls, config, predict=balls / "nothing.tif")


def test_all_that_is_wrong_is_found_at_once(make_config, tmp_path):
    rng = np.random.default_rng(0)
    for folder in ("train_images", "train_labels"):
        (tmp_path / folder).mkdir()
    for number in range(3):
        labels = np.zeros((16, 16, 16), np.int16)
        labels[:, :8] = 1 - 4 * (number == 2)
        image = rng.integers(0, 255, labels.shape, np.uint8) * (number > 0)
        tifffile.imwrite(tmp_path / f"train_images/c{number}.tif", image)
        tifffile.imwrite(tmp_path / f"train_labels/c{number}.tif", labels)
    data = {"root": str(tmp_path), "folds": 4, "patch_size": 24}
    result = run_preflight(tmp_path, make_config({"data": data, "heads": {"ball": {"target": "binary", "label": "x"}}}))
    assert not result.can_train
    lines = "\n".join(map(str, result.findings))
    for part in (
        "error: case c2, label labels: 2,048 voxels hold values that are no label (-3)",
        "warning: every voxel of the image has the same value: c0",
        "error: 4 folds need 4 cases or more; there are 3: set data.folds=3",
        "error: head 'ball' asks for the label 'x', which no case has",
        "warning: patches of 24×24×24 are longer than 3 of 3 cases",
    ):
        assert part in lines


def test_a_network_that_cannot_be_built_is_an_error_found(balls, make_config):
    result = run_preflight(
        balls, make_config({"data": {**make_config().data.model_dump(mode="json"), "patch_size": [6, 8, 8]}})
    )
    assert any("multiples of" in text for text in list_errors(result))
    assert result.training is None


def test_files_that_do_not_fit_are_told_without_a_fingerprint(make_config, tmp_path):
    for folder, shape in (("train_images", (8, 8, 8)), ("train_labels", (8, 8, 9))):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "a.tif", np.zeros(shape, np.uint8))
    result = run_preflight(tmp_path)
    assert result.data is None
    assert "of another shape than its image (1): train_labels/a.tif" in list_errors(result)[0]


def test_a_plan_ignores_no_id(tmp_path):
    for folder in ("train_images", "train_labels"):
        (tmp_path / folder).mkdir()
    ids = np.arange(16**3, dtype=np.uint16).reshape(16, 16, 16)
    for name in "ab":
        tifffile.imwrite(tmp_path / f"train_images/{name}.tif", (ids % 200 + ord(name)).astype(np.uint16))
        tifffile.imwrite(tmp_path / f"train_labels/{name}.tif", ids)
    result = run_preflight(tmp_path, options=PlanOptions(gigabytes=0.01))
    assert "ignore" not in result.recipe["data"]
    assert result.recipe["heads"] == {"labels": {"target": "affinities"}}
    assert result.data.cases[0].labels["labels"].objects == 16**3 - 1
    (finding,) = result.findings
    assert "there are ids above 2, so it is taken for an id" in finding.text


def test_a_folder_that_is_not_there_is_the_users_mistake(tmp_path):
    with pytest.raises(MissingError):
        run_preflight(tmp_path / "nowhere")


def test_a_recipe_names_its_own_network(balls, make_config):
    with pytest.raises(ConfigError, match="the recipe names its own"):
        run_preflight(balls, make_config(), options=PlanOptions(size="L"))
