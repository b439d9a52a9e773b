import json

import numpy as np
import pytest
import torch

from volumen.config import read_config
from volumen.errors import ConfigError, DataError, ExistsError, PartFailedError
from volumen.inference import load_model
from volumen.training import RunOptions, train_folds
from volumen.training import folds as module


def test_two_folds_are_trained_and_their_models_load(make_config, tmp_path):
    out = tmp_path / "run"
    summary = train_folds(make_config(), out=out, folds="all")
    assert [(result.fold, result.status, result.epochs) for result in summary.folds] == [
        (0, "completed", 2),
        (1, "completed", 2),
    ]
    assert sorted(path.name for path in out.iterdir()) == [
        "config.yaml",
        "fold_0",
        "fold_1",
        "folds.json",
        "report.html",
        "summary.json",
    ]
    assert read_config(out / "config.yaml") == make_config()
    written = json.loads((out / "summary.json").read_text())
    assert [fold["best"]["monitor"] for fold in written["folds"]] == ["val/loss"] * 2
    labels = load_model(summary.model(0)).predict(np.zeros((9, 10, 11), np.uint8) + np.arange(11, dtype=np.uint8))
    assert labels.shape == (9, 10, 11)


def test_fast_does_one_batch_of_each_thing(make_config, tmp_path, caplog):
    config = make_config({"data": {"batch_size": 1}}, max_epochs=300, steps_per_epoch=None, swa={}, ema={})
    summary = train_folds(config, out=tmp_path / "run", options=RunOptions(fast=True))
    assert summary.folds[0].epochs == 1
    made = {path.name for path in (tmp_path / "run/fold_0").iterdir()}
    assert {"model", "model_last", "model_swa", "model_ema", "metrics.csv"} <= made
    assert (tmp_path / "run/fold_0/previews/epoch_001.gif").is_file()
    assert caplog.text.count("set data.batch_size=2 or more") == (not torch.cuda.is_available())


def test_a_run_that_is_there_is_refused_resumed_or_overwritten(make_config, tmp_path):
    config, out = make_config(max_epochs=1), tmp_path / "run"
    train_folds(config, out=out)
    log = out / "fold_0/train.log"
    with pytest.raises(ExistsError, match="--resume to go on with it, or --overwrite"):
        train_folds(config, out=out)
    summary = train_folds(make_config(max_epochs=2), out=out, options=RunOptions(resume=True))
    assert summary.folds[0].epochs == 2
    assert log.read_text().count("Found 4 image-label pairs") == 2
    train_folds(config, out=out, options=RunOptions(overwrite=True))
    assert log.read_text().count("Found 4 image-label pairs") == 1


def test_another_fold_joins_the_run_that_is_there(make_config, tmp_path):
    config, out = make_config(max_epochs=1), tmp_path / "run"
    train_folds(config, out=out, folds=1)
    summary = train_folds(config, out=out, folds=0, options=RunOptions(resume=True))
    assert [result.fold for result in summary.folds] == [0, 1]


def test_a_folder_that_is_no_run_is_never_overwritten(make_config, tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ExistsError, match="is no training run"):
        train_folds(make_config(), out=tmp_path, options=RunOptions(overwrite=True))


def test_a_run_is_not_resumed_with_another_network(make_config, tmp_path):
    train_folds(make_config(max_epochs=1), out=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"network.features"):
        train_folds(make_config({"network": {"features": 8}}), out=tmp_path / "run", options=RunOptions(resume=True))


def test_resume_and_overwrite_exclude_each_other():
    with pytest.raises(ConfigError, match="give one of them"):
        RunOptions(resume=True, overwrite=True)


def test_a_fold_that_is_not_there_is_an_error(make_config, tmp_path):
    with pytest.raises(ConfigError, match="no fold 2; choose 0 to 1, or all"):
        train_folds(make_config(), out=tmp_path / "run", folds=2)


def test_data_must_be_named(make_config, tmp_path):
    with pytest.raises(ConfigError, match="--data DIR"):
        train_folds(make_config({"data": {"root": None}}), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def fail_fold(monkeypatch, number):
    """One fold ends with a fault of the program's own."""
    build = module.set_up_fold

    def fail(config, *, fold, **others):
        if fold.number == number:
            raise ZeroDivisionError("a fault of ours")
        return build(config, fold=fold, **others)

    monkeypatch.setattr(module, "set_up_fold", fail)


def test_a_fold_that_fails_ends_the_run_and_is_in_the_summary(make_config, tmp_path, monkeypatch):
    fail_fold(monkeypatch, 0)
    with pytest.raises(ZeroDivisionError):
        train_folds(make_config(), out=tmp_path / "run", folds="all")
    [result] = json.loads((tmp_path / "run/summary.json").read_text())["folds"]
    assert (result["status"], result["error"]) == ("failed", "a fault of ours")


def test_other_folds_go_on_when_asked_to(make_config, tmp_path, monkeypatch):
    fail_fold(monkeypatch, 0)
    options = RunOptions(continue_on_error=True)
    with pytest.raises(PartFailedError, match=r"1 of 2 folds failed .fold 0: a fault of ours"):
        train_folds(make_config(max_epochs=1), out=tmp_path / "run", folds="all", options=options)
    folds = json.loads((tmp_path / "run/summary.json").read_text())["folds"]
    assert [fold["status"] for fold in folds] == ["failed", "completed"]
    log = (tmp_path / "run/fold_0/train.log").read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError" in log


def test_one_volume_is_cut_in_slabs_and_the_run_is_gone_on_with(make_config, tmp_path):
    data = {"split": {"name": "slab", "gap": 1}, "patch_size": 4}
    out = tmp_path / "run"
    train_folds(make_config({"data": data}, max_epochs=1, steps_per_epoch=1), out=out)
    fold = json.loads((out / "folds.json").read_text())["folds"][0]
    assert fold["validation"] == [f"ball_{number}@z0:8" for number in range(4)]
    assert fold["training"] == [f"ball_{number}@z9:16" for number in range(4)]
    again = make_config({"data": data}, max_epochs=2, steps_per_epoch=1)
    assert train_folds(again, out=out, options=RunOptions(resume=True)).folds[0].epochs == 2
    assert read_config(out / "config.yaml") == again


def test_several_data_sets_at_one_voxel_size_are_one_run(make_config, balls, tmp_path):
    sets = [
        {"name": "fine", "root": str(balls), "layout": {"name": "folders", "voxel_size": [5, 5, 5]}, "weight": 2},
        {"name": "coarse", "root": str(balls), "layout": {"name": "folders", "voxel_size": [10, 10, 10]}},
    ]
    data = {"root": None, "datasets": sets, "voxel_size": [10, 10, 10], "group": r"(ball_\d)"}
    summary = train_folds(make_config({"data": data}, max_epochs=1, steps_per_epoch=1), out=tmp_path / "run")
    fold = json.loads((tmp_path / "run" / "folds.json").read_text())["folds"][0]
    assert {name.partition("/")[2] for name in fold["validation"]}.isdisjoint(
        name.partition("/")[2] for name in fold["training"]
    )
    assert json.loads((summary.model(0) / "model.json").read_text())["plan"]["voxel_size"] == [10, 10, 10]


def test_voxels_that_learn_and_judge_are_an_error_before_training(make_config, balls, tmp_path):
    sets = [{"name": name, "root": str(balls)} for name in ("one", "two")]
    split = {"name": "files", "validation": "two/*"}
    config = make_config({"data": {"root": None, "datasets": sets, "split": split}})
    with pytest.raises(DataError, match="trains on what it is judged by: one/ball_0 and two/ball_0 share all voxels"):
        train_folds(config, out=tmp_path / "run")
