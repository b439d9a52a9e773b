import numpy as np
import pytest
import torch

from volumen.data import Elastic
from volumen.data.augmentation.elastic import BendStep, weigh_spline
from volumen.data.augmentation.resampling import lay_grid
from volumen.errors import ConfigError

CPU = torch.device("cpu")
SHAPE = (20, 24, 28)
STEP = BendStep(SHAPE, (8.0, 8.0, 8.0), (3.0, 3.0, 3.0), seed=4)


def test_the_spline_weighs_one_in_all_wherever_it_stands():
    places = torch.linspace(0, 1, 11)[:, None] - torch.arange(-3, 5)
    torch.testing.assert_close(weigh_spline(places).sum(1), torch.ones(11))
    assert weigh_spline(torch.zeros(1, 1)).item() == pytest.approx(2 / 3)


def test_nothing_folds_at_the_strongest_pull():
    """Space folds where the determinant of the map's derivatives is no longer positive."""
    step = BendStep(SHAPE, (8.0,) * 3, (8 * 0.403,) * 3, seed=1)
    places = [place.expand(SHAPE) for place in step.trace(lay_grid(SHAPE, CPU))]
    jacobian = torch.stack([torch.stack(torch.gradient(place, dim=(0, 1, 2))) for place in places])
    assert torch.linalg.det(jacobian.movedim((0, 1), (-2, -1))).min() > 0


def test_pulls_are_no_stronger_than_asked_and_move_everywhere():
    before = lay_grid(SHAPE, CPU)
    for place, rest in zip(STEP.trace(before), before, strict=True):
        pull = (place - rest).abs()
        assert pull.max() <= 3
        assert pull.median() > 0.1


def test_places_off_the_grid_are_pulled_like_those_on_it():
    places = lay_grid(SHAPE, CPU)
    dense = tuple(place.expand(SHAPE) for place in places)
    for on, off in zip(STEP.trace(places), STEP.trace(dense), strict=True):
        assert (on - off).abs().max() < 0.05


def test_past_the_faces_all_is_carried_along():
    around = lay_grid((20, 24, 34), CPU)
    pulled = STEP.trace(around)[1] - around[1]
    torch.testing.assert_close(pulled[..., :3], pulled[..., 3:4].expand(-1, -1, 3))


def test_an_axis_that_is_not_pulled_stays_straight():
    z, y, _ = Elastic([0.0, 3.0, 3.0], 8.0, p=1.0).draw(np.random.default_rng(0), SHAPE).trace(lay_grid(SHAPE, CPU))
    assert torch.equal(z, lay_grid(SHAPE, CPU)[0])
    assert y.shape == SHAPE


def test_a_pull_that_could_fold_is_refused():
    with pytest.raises(ConfigError, match=r"most ≤ 0\.403 of the spacing"):
        Elastic(most=5.0, spacing=10.0)
    with pytest.raises(ConfigError, match="0 ≤ most"):
        Elastic(most=[1.0, 1.0, -1.0])
