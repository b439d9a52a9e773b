import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from volumen.training.averages import (
    WeightAverage,
    WeightAverager,
    fill_weights,
    list_weights,
    renew_batch_norm,
    warm_decay,
)
from volumen.training.module import Learner
from volumen.training.state import RunState


def test_an_average_starts_with_the_first_weights_and_moves_by_its_share():
    average, weight = WeightAverage(), torch.tensor([1.0])
    for value in (1.0, 2.0, 3.0):
        average.update({"w": weight.fill_(value)}, share=0.1)
    assert average.tensors["w"].item() == pytest.approx(0.1 * 3 + 0.9 * (0.1 * 2 + 0.9 * 1))
    assert average.count == 3


def test_an_average_is_kept_in_float32():
    average, weight = WeightAverage(), torch.ones(1, dtype=torch.bfloat16)
    for _ in range(2):
        average.update({"w": weight}, share=0.001)
    assert average.tensors["w"].dtype == torch.float32


def test_the_decay_warms_up():
    assert warm_decay(0.999, 0) == 0.1
    assert warm_decay(0.999, 90) == pytest.approx(0.91)
    assert warm_decay(0.999, 10**6) == 0.999


def test_integer_buffers_are_not_averaged():
    assert sorted(list_weights(nn.BatchNorm3d(2))) == ["bias", "running_mean", "running_var", "weight"]


def test_renewed_batch_norm_knows_the_mean_of_all_batches():
    network = nn.Sequential(nn.BatchNorm3d(1, momentum=0.1), nn.Dropout(0.5))
    fill_weights(network, {name: torch.full_like(w, 9.0) for name, w in list_weights(network).items()})
    images = [torch.full((2, 1, 2, 2, 2), value) for value in (1.0, 2.0, 6.0)]
    assert renew_batch_norm(network, images) == 3
    assert network[0].running_mean.item() == pytest.approx(3.0)
    assert network[0].running_var.item() == pytest.approx(0.0)
    assert network[0].momentum == 0.1
    assert not any(module.training for module in network.modules())


def test_a_network_without_batch_norm_is_left_alone():
    assert renew_batch_norm(nn.InstanceNorm3d(1, affine=True), [torch.ones(1, 1, 2, 2, 2)]) == 0


class Faller(Learner):
    """One weight that falls by 1 a step from 5; remembers what validation saw."""

    def __init__(self, config):
        LightningModule.__init__(self)
        self.network = nn.Linear(1, 1, bias=False)
        self.config, self.state, self.seen, self.decoded = config, RunState(), [], None
        nn.init.constant_(self.network.weight, 5.0)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def on_train_batch_start(self, batch, batch_idx):
        pass

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        return batch

    def training_step(self, batch, batch_idx):
        return self.network.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.seen.append(self.network.weight.item())

    def on_validation_end(self):
        self.state.epoch += 1

    def count_steps(self):
        return self.trainer.global_step


def fit(config, tmp_path, *, steps=8):
    learner = Faller(config)
    averager = WeightAverager(learner)
    trainer = Trainer(
        max_epochs=1,
        val_check_interval=2,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        callbacks=[averager],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        default_root_dir=tmp_path,
    )
    trainer.fit(learner, DataLoader(range(steps)), DataLoader(range(1)))
    return learner, averager


def test_an_average_that_never_begins_touches_nothing(make_config, tmp_path):
    """Lightning's own EMA ends by writing the initial weights back, and shows them to every validation."""
    learner, averager = fit(make_config(ema={"start_step": 100}, swa={"start_epoch": 100}), tmp_path)
    assert learner.seen == [3.0, 1.0, -1.0, -3.0]
    assert learner.network.weight.item() == -3.0
    assert (averager.ema.count, averager.swa.count) == (0, 0)


def test_validation_sees_the_ema_and_training_its_own_weights(make_config, tmp_path):
    learner, averager = fit(make_config(ema={"decay": 0.5}), tmp_path, steps=4)
    first = 4.0
    second = 2 / 11 * first + 9 / 11 * 3.0
    assert learner.seen[0] == pytest.approx(second)
    assert learner.network.weight.item() == 1.0
    assert averager.ema.count == 4


def test_swa_takes_the_weights_of_late_epochs(make_config, tmp_path):
    learner, averager = fit(make_config(swa={"start_epoch": 2, "share": 0.25}), tmp_path)
    assert learner.seen == [3.0, 1.0, -1.0, -3.0]
    assert averager.swa.count == 2
    assert averager.swa.tensors["weight"].item() == pytest.approx(0.75 * -1 + 0.25 * -3)


def test_averages_go_on_from_a_checkpoint(make_config):
    averager, other = WeightAverager(Faller(make_config())), WeightAverager(Faller(make_config()))
    averager.ema.update({"w": torch.ones(1)}, share=1.0)
    other.load_state_dict(averager.state_dict())
    assert other.ema.count == 1
    assert other.ema.tensors["w"].item() == 1.0
    assert other.swa.count == 0
