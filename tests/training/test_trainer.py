import importlib.util

import pytest
import torch

from volumen.errors import ConfigError, DeviceError
from volumen.training.trainer import build_trainer, check_strategy


def test_a_missing_deepspeed_is_named(make_config):
    if importlib.util.find_spec("deepspeed"):
        pytest.skip("deepspeed is installed")
    with pytest.raises(ConfigError, match="pip install deepspeed"):
        check_strategy(make_config(strategy="deepspeed_stage_2"))


def test_weights_in_parts_are_not_averaged(make_config):
    with pytest.raises(ConfigError, match=r"use ddp, or set training.swa=null"):
        check_strategy(make_config(strategy="fsdp", ema={}))


def test_weights_in_parts_predict_no_whole_cases(make_config):
    validation = {"validation": {"decoded": {"metrics": ["voi"]}}}
    with pytest.raises(ConfigError, match=r"cannot predict whole cases: use ddp, or set validation.decoded.of=patches"):
        check_strategy(make_config(validation, strategy="fsdp"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_absent_is_an_error(make_config, tmp_path):
    with pytest.raises(DeviceError, match="torch finds no GPU; choose auto or cpu"):
        build_trainer(make_config().training, tmp_path, [], "cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_what_lightning_refuses_is_said_in_one_line(make_config, tmp_path):
    with pytest.raises(ConfigError, match=r"strategy=fsdp.*cannot be had here") as caught:
        build_trainer(make_config(strategy="fsdp").training, tmp_path, [], "auto")
    assert "\n" not in str(caught.value)


def test_an_unknown_device_lists_those_there_are(make_config, tmp_path):
    with pytest.raises(DeviceError, match="auto, cpu or cuda; got 'tpu'"):
        build_trainer(make_config().training, tmp_path, [], "tpu")
