import math

import pytest
import torch

from volumen.training import ConstantSchedule, CosineSchedule, PlateauSchedule, PolynomialSchedule, WarmRestarts
from volumen.training.schedules import warm_rate


def test_a_constant_schedule_keeps_the_optimisers_rate():
    assert {ConstantSchedule().rate_at(epoch, rate=0.01, epochs=5) for epoch in range(5)} == {0.01}


def test_a_cosine_goes_from_the_rate_down_towards_the_least():
    rates = [CosineSchedule(min_lr=1e-5).rate_at(epoch, rate=1e-2, epochs=100) for epoch in range(101)]
    assert rates[0] == 1e-2
    assert rates == sorted(rates, reverse=True)
    assert rates[50] == pytest.approx((1e-2 + 1e-5) / 2)
    assert rates[100] == pytest.approx(1e-5)


@pytest.mark.parametrize(("t_0", "t_mult"), [(10, 2), (4, 1), (3, 3)])
def test_warm_restarts_are_those_of_pytorch(t_0, t_mult):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1e-4)
    peer = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, t_0, t_mult, eta_min=1e-6)
    ours = WarmRestarts(t_0=t_0, t_mult=t_mult, min_lr=1e-6)
    for epoch in range(75):
        assert ours.rate_at(epoch, rate=1e-4, epochs=300) == pytest.approx(peer.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        peer.step()


def test_the_scroll_recipe_restarts_at_epochs_10_and_30():
    rates = [WarmRestarts().rate_at(epoch, rate=1e-4, epochs=300) for epoch in range(40)]
    assert [epoch for epoch in range(1, 40) if rates[epoch] > rates[epoch - 1]] == [10, 30]
    assert min(rates) > 1e-6
    assert not math.isclose(rates[9], rates[10])


def test_poly_is_nnunets():
    rates = [PolynomialSchedule().rate_at(epoch, rate=0.01, epochs=1000) for epoch in (0, 500, 999)]
    assert rates == pytest.approx([0.01, 0.01 * 0.5**0.9, 0.01 * 0.001**0.9])
    assert PolynomialSchedule(min_lr=1e-5).rate_at(999, rate=0.01, epochs=1000) == pytest.approx(2e-5, rel=0.01)
    assert PolynomialSchedule(min_lr=1e-4).rate_at(999, rate=0.01, epochs=1000) == 1e-4


@pytest.mark.parametrize("patience", [0, 2, 5])
def test_a_plateau_is_pytorchs(patience, rng):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1e-3)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience, threshold=1e-4, threshold_mode="abs", min_lr=2e-5, eps=0
    )
    ours = PlateauSchedule(factor=0.5, patience=patience, min_lr=2e-5)
    losses = [round(1 / (epoch + 1) + rng.normal(0, 0.01), 3) for epoch in range(60)]
    for epoch in range(60):
        rate = ours.rate_at(epoch, rate=1e-3, epochs=300, losses=losses[:epoch])
        assert rate == pytest.approx(peer.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        peer.step(losses[epoch])
    assert rate < 1e-3


def test_an_epoch_without_a_loss_is_flat():
    assert PlateauSchedule(patience=1).rate_at(3, rate=1.0, epochs=9, losses=[0.5, math.nan, math.nan]) == 0.5


def test_the_first_epochs_warm_up():
    assert [warm_rate(8.0, epoch, over=3) for epoch in range(5)] == [2.0, 4.0, 6.0, 8.0, 8.0]
    assert warm_rate(8.0, 0, over=0) == 8.0
