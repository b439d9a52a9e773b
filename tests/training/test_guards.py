import math

import pytest
import torch

from volumen.errors import ConfigError, DivergedError, MemoryBudgetError
from volumen.training.guards import check_finite, check_monitor, explain_memory_errors, prefers_less


def test_finite_losses_pass(make_config):
    check_finite({"train/loss": 0.1, "val/loss": 1e30}, make_config(), where="in epoch 1")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_says_what_to_try(make_config, value):
    config = make_config(precision="bf16-mixed")
    with pytest.raises(DivergedError, match=r"train/loss is .* in epoch 3") as caught:
        check_finite({"train/loss": value, "val/loss": 1.0}, config, where="in epoch 3")
    for cure in ("lower optimizer.lr (it is 0.01)", "training.gradient_clip_val=1.0", "training.precision=32-true"):
        assert cure in str(caught.value)


def test_a_clip_that_is_set_already_is_to_be_lowered(make_config):
    with pytest.raises(DivergedError, match=r"lower training.gradient_clip_val \(0.5\)"):
        check_finite({"train/loss": math.nan}, make_config(gradient_clip_val=0.5), where="in epoch 1")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory: you tried …"),
    ],
)
def test_running_out_of_memory_says_what_to_lower(make_config, error):
    says = r"data.batch_size .*2.*data.patch_size .*8×8×8"
    with pytest.raises(MemoryBudgetError, match=says) as caught, explain_memory_errors(make_config()):
        raise error
    assert "\n" not in str(caught.value)


def test_other_errors_stay_as_they_are(make_config):
    with pytest.raises(RuntimeError, match="shapes differ"), explain_memory_errors(make_config()):
        raise RuntimeError("shapes differ")


def test_a_monitor_nobody_measures_lists_what_there_is():
    check_monitor("val/dice", ["val/loss", "val/dice"])
    with pytest.raises(ConfigError, match=r"did you mean 'val/dice'\?.*there are val/loss, val/dice"):
        check_monitor("val/dcie", ["val/loss", "val/dice"])


def test_less_is_better_for_losses_and_counted_errors():
    losses = ["val/loss", "val/ball/dice"]
    assert prefers_less("val/loss", losses)
    assert prefers_less("val/ball/dice", losses)
    assert prefers_less("val/voi_split", losses)
    assert not prefers_less("val/dice", losses)
