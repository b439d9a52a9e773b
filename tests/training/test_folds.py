import csv
import logging
import math
import re
from pathlib import Path

import pytest
import torch

from volumen.data import split_folds
from volumen.errors import ConfigError, DivergedError, ModelError
from volumen.inference import load_model
from volumen.training import RunOptions, read_checkpoint, train_fold

AVERAGES = {"swa": {"start_epoch": 1, "renew_batches": 2}, "ema": {"decay": 0.9}}


@pytest.fixture
def fold(cases):
    return split_folds(cases, folds=2)[0]


def read_table(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(make_config, cases, tmp_path_factory):
    """A fold with all that one may leave, how it ended, and what its progress said."""
    seen, out = [], tmp_path_factory.mktemp("trained")
    config = make_config({"schedule": {"name": "warm_restarts", "t_0": 10}}, previews=2, **AVERAGES)
    fold = split_folds(cases, folds=2)[0]
    result = train_fold(config, cases=cases, fold=fold, out=out, progress=lambda *told: seen.append(told))
    return out, result, seen


def test_a_fold_leaves_a_row_an_epoch_a_log_pictures_checkpoints_and_models(trained):
    out, result, seen = trained
    assert (result.status, result.epochs, result.best.monitor) == ("completed", 2, "val/loss")
    models = ("model", "model_last", "model_swa", "model_ema")
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == sorted(
        ["config.yaml", "metrics.csv", "train.log", "previews/epoch_002.gif"]
        + [f"checkpoints/{name}.ckpt" for name in ("best", "last", "swa", "ema")]
        + [f"{model}/{name}" for model in models for name in ("model.json", "weights.safetensors")]
    )
    assert seen == [("batches", number, 6) for number in range(1, 7)]
    rows = read_table(out)
    named = [f"{part}/{name}" for part in ("train", "val") for name in ("loss", "ball/dice", "ball/focal")]
    assert list(rows[0]) == ["epoch", *named, "val/dice", "lr", "seconds"]
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert min(float(row["val/loss"]) for row in rows) == pytest.approx(result.best.value)


def test_the_log_tells_what_users_look_for(trained):
    log = (trained[0] / "train.log").read_text()
    for line in (
        "Found 4 image-label pairs",
        "Fold 0: 2 train, 2 val",
        r"Model parameters: 21,517",
        r"Schedule: warm_restarts \(t_0=10\)",
        "SWA enabled: starts after epoch 1",
        r"Epoch 2/2: train loss \d\.\d{4}, val loss \d\.\d{4}, val dice \d\.\d{4}, lr 5e-05, \d+\.\d s",
        r"SWA: batch-norm statistics renewed on 2 batches",
        r"Fold 0 complete: \d+\.\d\d seconds \(0\.00 hours\)",
    ):
        assert re.search(rf"^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d {line}", log, re.MULTILINE), line


def test_a_model_is_what_validation_saw_at_its_best(trained):
    best, ema = load_model(trained[0] / "model"), load_model(trained[0] / "model_ema")
    assert best.training["weights"] == "ema"
    assert best.training["best"]["epoch"] == best.training["epoch"]
    same = map(torch.equal, best.network.state_dict().values(), ema.network.state_dict().values())
    assert all(same) == (best.training["epoch"] == 2)


def test_swa_has_weights_and_batch_norm_of_its_own(trained):
    states = [load_model(trained[0] / name).network.state_dict() for name in ("model_last", "model_swa")]
    means = [name for name in states[0] if name.endswith("running_mean")]
    assert means
    assert not any(torch.equal(states[0][name], states[1][name]) for name in means)


def test_checkpoints_hold_tensors_and_plain_values(trained):
    last = read_checkpoint(trained[0] / "checkpoints/last.ckpt")
    assert last["run"]["epoch"] == 2
    assert last["run"]["step"] == last["run"]["batches"] == 6
    assert last["callbacks"]["WeightAverager"]["swa"]["count"] == 1
    assert read_checkpoint(trained[0] / "checkpoints/swa.ckpt")["kind"] == "swa"


def test_swa_that_never_begins_leaves_no_model_and_says_so(make_config, cases, fold, tmp_path):
    train_fold(make_config(swa={"start_epoch": 40}), cases=cases, fold=fold, out=tmp_path)
    assert not (tmp_path / "model_swa").exists()
    assert not (tmp_path / "checkpoints/swa.ckpt").exists()
    assert "No SWA model: training ended at epoch 2" in (tmp_path / "train.log").read_text()


def read_weights(folder, name="last"):
    return read_checkpoint(folder / f"checkpoints/{name}.ckpt")["state_dict"]


def are_equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_more_epochs_after_the_last_are_those_of_a_longer_run(make_config, cases, fold, tmp_path):
    train_fold(make_config(max_epochs=3, **AVERAGES), cases=cases, fold=fold, out=tmp_path / "whole")
    train_fold(make_config(max_epochs=1, **AVERAGES), cases=cases, fold=fold, out=tmp_path / "parts")
    train_fold(
        make_config(max_epochs=3, **AVERAGES),
        cases=cases,
        fold=fold,
        out=tmp_path / "parts",
        options=RunOptions(resume=True),
    )
    for name in ("last", "best", "swa", "ema"):
        assert are_equal(read_weights(tmp_path / "whole", name), read_weights(tmp_path / "parts", name)), name
    whole, parts = read_table(tmp_path / "whole"), read_table(tmp_path / "parts")
    assert [row | {"seconds": ""} for row in whole] == [row | {"seconds": ""} for row in parts]


def read_rates(folder):
    return [float(row["lr"]) for row in read_table(folder)]


def test_a_plateau_and_a_warm_up_go_on_where_a_run_was_stopped(make_config, cases, fold, tmp_path):
    flat = {"schedule": {"name": "plateau", "patience": 0, "min_improvement": 9.0}}
    train_fold(make_config(flat, max_epochs=2, warm_up=1), cases=cases, fold=fold, out=tmp_path)
    config = make_config(flat, max_epochs=4, warm_up=1)
    train_fold(config, cases=cases, fold=fold, out=tmp_path, options=RunOptions(resume=True))
    assert read_rates(tmp_path) == pytest.approx([5e-3, 1e-2, 5e-3, 2.5e-3])


def list_epochs(folder):
    return sorted(path.name for path in (folder / "checkpoints").glob("epoch_*"))


def test_the_best_and_the_last_checkpoints_are_kept_over_a_resumption(make_config, cases, fold, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/epoch_0009.ckpt").touch()  # of a run that was there before
    train_fold(make_config(max_epochs=2, keep_last=2), cases=cases, fold=fold, out=tmp_path)
    assert list_epochs(tmp_path) == ["epoch_0001.ckpt", "epoch_0002.ckpt"]
    config = make_config(max_epochs=4, keep_best=2, keep_last=2)
    train_fold(config, cases=cases, fold=fold, out=tmp_path, options=RunOptions(resume=True))
    losses = [float(row["val/loss"]) for row in read_table(tmp_path)]
    best = sorted(range(1, 5), key=lambda epoch: losses[epoch - 1])[:2]
    kept = [f"epoch_{epoch:04d}.ckpt" for epoch in sorted({*best, 3, 4})]
    assert list_epochs(tmp_path) == kept
    states = [
        read_checkpoint(tmp_path / "checkpoints" / name)["run"]["epoch"] for name in ("epoch_0004.ckpt", "last.ckpt")
    ]
    assert states == [4, 4]
    assert read_checkpoint(tmp_path / "checkpoints/best.ckpt")["run"]["epoch"] == best[0]
    models = sorted(path.name for path in tmp_path.glob("model_epoch_*"))
    assert models == [f"model_{Path(name).stem}" for name in kept]
    assert [load_model(tmp_path / name).training["epoch"] for name in models] == sorted({*best, 3, 4})
    assert (
        load_model(tmp_path / f"model_epoch_{best[0]:04d}").weights_hash == load_model(tmp_path / "model").weights_hash
    )


def test_a_loss_that_is_low_enough_ends_a_run(make_config, cases, fold, tmp_path):
    result = train_fold(make_config(max_epochs=9, stop_below=99.0), cases=cases, fold=fold, out=tmp_path)
    assert result.epochs == 1
    assert "is below training.stop_below=99" in (tmp_path / "train.log").read_text()


def test_accumulated_batches_make_one_step(make_config, cases, fold, tmp_path):
    config = make_config(accumulate_grad_batches=3, max_epochs=2, steps_per_epoch=2)
    train_fold(config, cases=cases, fold=fold, out=tmp_path)
    state = read_checkpoint(tmp_path / "checkpoints/last.ckpt")["run"]
    assert (state["epoch"], state["step"], state["batches"]) == (2, 4, 12)


def test_an_epoch_shows_each_case_once_when_not_said(make_config, cases, fold, tmp_path):
    config = make_config({"data": {"batch_size": 1}}, max_epochs=1, steps_per_epoch=None)
    train_fold(config, cases=cases, fold=fold, out=tmp_path)
    assert read_checkpoint(tmp_path / "checkpoints/last.ckpt")["run"]["step"] == 2


def test_a_cap_on_steps_ends_in_mid_epoch_with_everything_saved(make_config, cases, fold, tmp_path):
    result = train_fold(make_config(max_epochs=9, max_steps=4), cases=cases, fold=fold, out=tmp_path)
    state = read_checkpoint(tmp_path / "checkpoints/last.ckpt")["run"]
    assert (result.epochs, state["step"]) == (2, 4)
    assert len(read_table(tmp_path)) == 2
    assert "training.max_steps=4 reached" in (tmp_path / "train.log").read_text()
    assert (tmp_path / "model_last").is_dir()


def test_a_cap_on_hours_ends_a_run(make_config, cases, fold, tmp_path):
    result = train_fold(make_config(max_epochs=99, max_hours=1e-9), cases=cases, fold=fold, out=tmp_path)
    assert result.epochs == 1
    assert "max_hours=1e-09 reached" in (tmp_path / "train.log").read_text()


def test_training_stops_when_nothing_improves(make_config, cases, fold, tmp_path):
    config = make_config({"optimizer": {"name": "sgd", "lr": 1e-12}}, max_epochs=9, patience=2, monitor="val/dice")
    result = train_fold(config, cases=cases, fold=fold, out=tmp_path)
    assert result.epochs < 9
    assert "early stopping" in (tmp_path / "train.log").read_text()


def test_a_stopped_fold_that_is_resumed_trains_no_more(make_config, cases, fold, tmp_path):
    config = make_config(max_epochs=1, **AVERAGES)
    first = train_fold(config, cases=cases, fold=fold, out=tmp_path)
    weights = (tmp_path / "model_last/weights.safetensors").read_bytes()
    again = train_fold(config, cases=cases, fold=fold, out=tmp_path, options=RunOptions(resume=True))
    assert (again.epochs, again.best) == (first.epochs, first.best)
    assert (tmp_path / "model_last/weights.safetensors").read_bytes() == weights


def test_an_unknown_monitor_is_refused_before_anything_is_learnt(make_config, cases, fold, tmp_path):
    with pytest.raises(ConfigError, match=r"training.monitor='val/iou' is not measured.*val/dice"):
        train_fold(make_config(monitor="val/iou"), cases=cases, fold=fold, out=tmp_path)
    assert not (tmp_path / "metrics.csv").exists()


def test_a_loss_that_diverges_says_what_to_try_and_keeps_the_last_good_state(make_config, cases, fold, tmp_path):
    config = make_config({"optimizer": {"name": "sgd", "lr": 1e38}}, max_epochs=3)
    with pytest.raises(DivergedError, match=r"lower optimizer.lr"):
        train_fold(config, cases=cases, fold=fold, out=tmp_path)
    assert not (tmp_path / "checkpoints/last.ckpt").exists()
    log = (tmp_path / "train.log").read_text()
    assert "Traceback" in log
    assert "DivergedError" in log


def test_a_checkpoint_of_another_network_is_refused(make_config, cases, fold, tmp_path):
    train_fold(make_config(max_epochs=1), cases=cases, fold=fold, out=tmp_path)
    (tmp_path / "config.yaml").unlink()
    config = make_config({"network": {"features": 8}}, max_epochs=2)
    with pytest.raises(ModelError, match=r"last.ckpt .* another network"):
        train_fold(config, cases=cases, fold=fold, out=tmp_path, options=RunOptions(resume=True))


def test_bf16_trains_too(make_config, cases, fold, tmp_path):
    # oneDNN's bf16 gradients of weights hold NaN now and then where maps are 2³, as a patch of 8 leaves them here
    config = make_config({"data": {"patch_size": 16}}, precision="bf16-mixed", max_epochs=1)
    result = train_fold(config, cases=cases, fold=fold, out=tmp_path)
    assert math.isfinite(result.best.value)


def test_training_is_quiet_but_for_its_own_lines(make_config, cases, fold, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logging.getLogger("lightning.pytorch").addHandler(handler := logging.StreamHandler())
    train_fold(make_config(max_epochs=1), cases=cases, fold=fold, out=tmp_path / "out")
    logging.getLogger("lightning.pytorch").removeHandler(handler)
    out, err = capfd.readouterr()
    assert out == ""
    assert "litlogger" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
