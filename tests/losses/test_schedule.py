import pytest

from volumen.losses import Moment
from volumen.losses.schedule import Schedule


def test_a_loss_begins_in_its_epoch():
    schedule = Schedule(start_epoch=2)
    assert [schedule.is_due(Moment(0, epoch)) for epoch in range(4)] == [False, False, True, True]


def test_every_so_many_steps_one_is_due():
    schedule = Schedule(every=3)
    assert [step for step in range(8) if schedule.is_due(Moment(step, 0))] == [0, 3, 6]


def test_a_share_grows_evenly_and_is_never_nothing():
    schedule = Schedule(start_epoch=1, ramp=3)
    shares = [schedule.find_share(Moment(0, epoch)) for epoch in range(1, 7)]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_validation_asks_for_every_loss_in_full_so_that_epochs_compare():
    schedule = Schedule(start_epoch=5, every=2, ramp=4)
    assert [batch for batch in range(4) if schedule.is_due(Moment(batch))] == [0, 2]
    assert schedule.find_share(Moment(0)) == 1
