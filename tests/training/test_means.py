import math

import pytest
import torch

from volumen.training.means import Means


def test_losses_are_averaged_by_weight_and_start_anew():
    means = Means()
    means.add_losses({"loss": torch.tensor(1.0), "dice": torch.tensor(0.5)}, weight=2)
    means.add_losses({"loss": torch.tensor(4.0), "dice": torch.tensor(0.2)}, weight=1)
    assert means.read() == pytest.approx({"loss": 2.0, "dice": 0.4})
    assert means.read() == {}


def test_a_loss_is_averaged_over_the_batches_that_it_was_computed_in():
    means = Means()
    means.add_losses({"loss": torch.tensor(1.0), "late": torch.tensor(3.0)}, weight=1)
    means.add_losses({"loss": torch.tensor(2.0)}, weight=1)
    means.add_losses({"loss": torch.tensor(3.0), "late": torch.tensor(0.0)}, {"late": torch.tensor(0.0)}, weight=1)
    assert means.read() == {"loss": 2.0, "late": 3.0}


def test_a_loss_that_nothing_was_measured_on_is_left_out_and_no_zero():
    means = Means()
    means.add_losses({"loss": torch.tensor(0.0)}, {"loss": torch.tensor(0.0)}, weight=2)
    assert means.read() == {}


def test_a_loss_that_is_no_number_shows():
    means = Means()
    means.add_losses({"loss": torch.tensor(math.nan)}, weight=1)
    means.add_losses({"loss": torch.tensor(1.0)}, weight=1)
    assert math.isnan(means.read()["loss"])


def test_scores_that_are_not_defined_on_a_patch_are_left_out():
    means = Means()
    for scores in ({"dice": 0.5, "rand": math.nan}, {"dice": math.nan, "rand": math.nan}, {"dice": 1.0, "dice_3": 0.1}):
        means.add_scores(scores)
    read = means.read()
    assert (read["dice"], read["dice_3"]) == (0.75, 0.1)
    assert math.isnan(read["rand"])
