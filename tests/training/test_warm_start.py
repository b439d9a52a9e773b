import json
import logging

import pytest
import torch

from volumen.config import files
from volumen.errors import ModelError
from volumen.inference import load_model
from volumen.training import RunOptions, train_folds

EDGES = {"edge": {"target": {"name": "binary", "foreground": [1]}, "losses": ["dice"]}}


@pytest.fixture(scope="module")
def trained(make_config, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    train_folds(make_config(max_epochs=1, steps_per_epoch=1), out=out / "run")
    return out / "run" / "fold_0" / files.MODEL


def test_training_begins_with_the_weights_of_a_model(make_config, trained, tmp_path, caplog):
    config = make_config(max_epochs=1, steps_per_epoch=1, warm_start=str(trained))
    # a step that moves nothing leaves what training began with
    config = config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"options": {"lr": 1e-30}})})
    with caplog.at_level(logging.INFO):
        train_folds(config, out=tmp_path / "run")
    before, after = load_model(trained), load_model(tmp_path / "run" / "fold_0" / files.MODEL)
    pairs = zip(before.network.parameters(), after.network.parameters(), strict=True)
    assert all(torch.allclose(one, two, atol=1e-12) for one, two in pairs)
    assert f"Warm start from {trained}" in caplog.text


def test_heads_may_differ_and_the_record_says_what_was_loaded(make_config, trained, tmp_path):
    config = make_config({"heads": EDGES}, max_epochs=1, steps_per_epoch=1, warm_start=str(trained))
    train_folds(config, out=tmp_path / "run")
    fold = tmp_path / "run" / "fold_0"
    record = json.loads((fold / files.WARM_START).read_text())
    assert record["model"] == str(trained)
    assert any(name.startswith("encoder.") for name in record["loaded"])
    assert all(name.startswith("decoders.edge.") for name in record["kept"])
    short = load_model(fold / files.MODEL).training["warm_start"]
    assert short["weights"] == load_model(trained).weights_hash
    assert short["loaded"] == len(record["loaded"])


def test_a_run_that_is_resumed_does_not_begin_again(make_config, trained, tmp_path, caplog):
    train_folds(make_config(max_epochs=1, steps_per_epoch=1, warm_start=str(trained)), out=tmp_path / "run")
    caplog.clear()
    longer = make_config(max_epochs=2, steps_per_epoch=1, warm_start=str(trained))
    with caplog.at_level(logging.INFO):
        train_folds(longer, out=tmp_path / "run", options=RunOptions(resume=True))
    assert "Warm start" not in caplog.text
    assert "warm_start" in load_model(tmp_path / "run" / "fold_0" / files.MODEL_LAST).training


def test_a_model_that_is_not_there_is_named(make_config, tmp_path):
    with pytest.raises(ModelError, match="there is no model at nowhere"):
        train_folds(make_config(warm_start="nowhere"), out=tmp_path / "run")
