"""Training on a GPU; needs one."""

import pytest
import torch

from volumen.data import split_folds
from volumen.inference import load_model
from volumen.training import RunOptions, read_checkpoint, train_fold

pytestmark = pytest.mark.gpu
AVERAGES = {"swa": {"start_epoch": 1, "renew_batches": 2}, "ema": {"decay": 0.9}}


@pytest.fixture
def fold(cases):
    return split_folds(cases, folds=2)[0]


@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_fold_learns_and_its_model_loads_anywhere(make_config, cases, fold, tmp_path, precision, workers):
    config = make_config({"data": {"num_workers": workers}}, precision=precision, previews=1, **AVERAGES)
    result = train_fold(config, cases=cases, fold=fold, out=tmp_path)
    assert (result.status, result.epochs) == ("completed", 2)
    assert load_model(tmp_path / "model", device="cpu").device.type == "cpu"
    assert "GiB" in (tmp_path / "train.log").read_text()


def test_a_resumed_fold_goes_on(make_config, cases, fold, tmp_path):
    train_fold(make_config(max_epochs=1, **AVERAGES), cases=cases, fold=fold, out=tmp_path)
    train_fold(
        make_config(max_epochs=3, **AVERAGES), cases=cases, fold=fold, out=tmp_path, options=RunOptions(resume=True)
    )
    assert read_checkpoint(tmp_path / "checkpoints/last.ckpt")["run"]["epoch"] == 3


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_strategies_of_several_gpus_run_on_one(make_config, cases, fold, tmp_path, strategy):
    result = train_fold(make_config(strategy=strategy), cases=cases, fold=fold, out=tmp_path)
    assert result.status == "completed"


def test_compiled_and_channels_last_learn(make_config, cases, fold, tmp_path):
    config = make_config(compile=True, channels_last=True, precision="bf16-mixed")
    assert train_fold(config, cases=cases, fold=fold, out=tmp_path).status == "completed"


def test_losses_on_a_gpu_follow_those_of_the_processor(make_config, cases, fold, tmp_path):
    with torch.backends.cudnn.flags(allow_tf32=False):
        results = [
            train_fold(make_config(), cases=cases, fold=fold, out=tmp_path / device, options=RunOptions(device=device))
            for device in ("cpu", "cuda")
        ]
    assert results[1].best.value == pytest.approx(results[0].best.value, abs=0.05)
