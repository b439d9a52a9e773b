import pytest
import torch

from volumen.config import Component, HeadSection, RunConfig, WeightedComponent
from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses import Loss, Moment, combine_losses
from volumen.registry import TABLES

SURFACE, RIDGES = HeadSpec("surface", 1, "sigmoid"), HeadSpec("ridges", 1, "none", "binary")
EXTRA = Component(name="binary", options={"foreground": [2]})


class Overlap(Loss):
    """What the prediction has in common with a map."""

    finest_only = True

    def __init__(self, map_options=None):
        self.maps = (Component(name="binary", options=map_options or {}),)

    def judge(self, compared, context):
        values, weight = context.maps["binary"]
        return (compared.prediction * values * weight).mean()


class Neighbour(Loss):
    """How far the prediction is from another head's target."""

    def __init__(self, head="surface"):
        self.heads = (head,)

    def judge(self, compared, context):
        return (compared.prediction - context.targets[self.heads[0]].values).square().mean()


class Picky(Overlap):
    fits = ("classes",)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for made in (Overlap, Neighbour, Picky):
        monkeypatch.setitem(TABLES["loss"], made.__name__.lower(), f"{__name__}:{made.__name__}")


def combine(*losses, head=SURFACE, others=()):
    section = HeadSection(target={"name": "binary"}, losses=losses)
    other = HeadSection(target={"name": "binary"}, losses=["dice"])
    return combine_losses([head, *others], {head.name: section} | {spec.name: other for spec in others})


def pair(values):
    return values, torch.ones_like(values)


def test_a_map_is_asked_for_once_however_many_losses_look_at_it():
    losses = combine("overlap", "dice", "overlap", {"name": "overlap", "map_options": {"foreground": [2]}})
    assert {name: (request.head, request.target) for name, request in losses.maps.items()} == {
        "surface/binary": ("surface", Component(name="binary")),
        "surface/binary_2": ("surface", EXTRA),
    }


def test_a_loss_gets_the_map_it_asked_for():
    losses = combine("overlap", {"name": "overlap", "map_options": {"foreground": [2]}})
    ones = torch.ones(1, 1, 4, 4, 4)
    targets = {"surface": pair(ones), "surface/binary": pair(2 * ones), "surface/binary_2": pair(3 * ones)}
    assert losses({"surface": [ones]}, targets).parts == {"surface/overlap": 2, "surface/overlap_2": 3}


def test_maps_of_losses_that_are_not_due_are_not_asked_for():
    losses = combine({"name": "overlap", "every": 2}, "dice")
    assert [losses.list_maps(Moment(step)) for step in range(2)] == [{"surface/binary"}, set()]


def test_a_loss_looks_at_the_target_of_another_head():
    losses = combine("neighbour", head=RIDGES, others=[SURFACE])
    truth = torch.ones(1, 1, 4, 4, 4)
    report = losses({"ridges": [3 * truth], "surface": [truth]}, {"ridges": pair(truth), "surface": pair(truth)})
    assert report.parts["ridges/neighbour"] == 4


def test_coarser_levels_of_linear_targets_are_compared_with_means():
    losses = combine("neighbour", head=RIDGES, others=[SURFACE])
    truth, weight = torch.zeros(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2)
    truth[..., 0], truth[..., 0, 0], weight[..., 0, 0] = 1, torch.nan, 0
    levels = [truth.nan_to_num(), torch.full((1, 1, 1, 1, 1), 1 / 3)]
    target = (truth, weight, True)
    report = losses({"ridges": levels, "surface": levels}, {"ridges": target, "surface": target})
    assert report.costs["ridges/neighbour"] == pytest.approx(0, abs=1e-12)


def test_channels_may_count_each_by_itself():
    edges = HeadSpec("edges", 2, "sigmoid", "affinity")
    losses = combine_losses([edges], {"edges": HeadSection(target="binary", losses=["cross_entropy", "dice"])})
    truth, weight = torch.ones(1, 2, 4, 4, 4), torch.ones(1, 2, 4, 4, 4)
    weight[:, 1] = 0
    logits = torch.full_like(truth, 20.0)
    logits[:, 1] = torch.nan
    assert losses({"edges": [logits]}, {"edges": (truth, weight)}).total == pytest.approx(0, abs=1e-6)


def test_what_counts_single_voxels_is_asked_at_the_finest_level_only():
    losses, ones = combine("overlap"), torch.ones(1, 1, 4, 4, 4)
    targets = {"surface": pair(ones), "surface/binary": pair(ones)}
    coarse = torch.full((1, 1, 2, 2, 2), 100.0, requires_grad=True)
    report = losses({"surface": [ones, coarse]}, targets)
    report.total.backward()
    assert report.total == 1
    assert torch.equal(coarse.grad, torch.zeros_like(coarse))


def test_a_loss_counts_where_another_head_sees_foreground():
    losses = combine({"name": "cross_entropy", "mask_head": "ridges"}, others=[HeadSpec("ridges", 1, "sigmoid")])
    truth = torch.zeros(1, 1, 1, 1, 2)
    prediction = torch.tensor([5.0, 0.0]).view(truth.shape)
    ridges = torch.tensor([-9.0, 9.0]).view(truth.shape).requires_grad_()
    report = losses({"surface": [prediction], "ridges": [ridges]}, {"surface": pair(truth), "ridges": pair(truth)})
    assert report.parts["surface/cross_entropy"] == pytest.approx(0.6931, abs=1e-4)
    assert not torch.autograd.grad(report.costs["surface/cross_entropy"] + 0 * ridges.sum(), ridges)[0].any()


def test_a_background_channel_is_no_foreground():
    cells = HeadSpec("cells", 3, "softmax", "classes")
    losses = combine_losses(
        [SURFACE, cells],
        {
            "surface": HeadSection(target="binary", losses=[{"name": "cross_entropy", "mask_head": "cells"}]),
            "cells": HeadSection(target={"name": "classes", "classes": 3}, losses=["dice"]),
        },
    )
    logits = torch.zeros(1, 3, 1, 1, 2)
    logits[:, 0, ..., 0], logits[:, 1, ..., 1] = 9, 9
    truth, kinds = torch.zeros(1, 1, 1, 1, 2), torch.zeros(1, 3, 1, 1, 2)
    targets = {"surface": pair(truth), "cells": (kinds, torch.ones_like(truth))}
    report = losses({"surface": [torch.tensor([9.0, 0.0]).view(truth.shape)], "cells": [logits]}, targets)
    assert report.parts["surface/cross_entropy"] == pytest.approx(0.6931, abs=1e-4)


def test_what_is_not_due_is_not_logged_as_zero():
    losses, truth = combine("dice", {"name": "focal", "every": 2}), torch.ones(1, 1, 4, 4, 4)
    report = losses({"surface": [truth]}, {"surface": pair(truth)}, Moment(1, 0))
    assert set(report.parts) == set(report.costs) == set(report.seen) == {"surface/dice"}


def test_what_nobody_looked_at_is_marked_as_such():
    losses, nothing = combine("dice"), torch.zeros(1, 1, 4, 4, 4)
    assert losses({"surface": [nothing]}, {"surface": (nothing, nothing)}).seen == {"surface/dice": 0}


def test_a_ramp_lessens_the_cost_and_not_what_is_logged():
    losses, truth = combine({"name": "dice", "weight": 4, "ramp": 1}), torch.ones(1, 1, 4, 4, 4)
    reports = [losses({"surface": [0 * truth]}, {"surface": pair(truth)}, Moment(0, epoch)) for epoch in range(2)]
    assert reports[0].parts == reports[1].parts
    assert reports[0].total * 2 == reports[1].total == 4 * reports[1].parts["surface/dice"]


def test_every_output_has_a_gradient_even_when_no_loss_is_due():
    losses, truth = combine({"name": "dice", "start_epoch": 9}), torch.ones(1, 1, 4, 4, 4)
    logits = torch.full_like(truth, torch.inf).requires_grad_()
    report = losses({"surface": [logits]}, {"surface": pair(truth)}, Moment(0, 0))
    report.total.backward()
    assert report.total == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_a_loss_of_a_head_that_cannot_have_it_is_refused():
    with pytest.raises(ConfigError, match="surface/picky goes with target classes; head 'surface' learns 'binary'"):
        combine("picky")


def test_a_map_that_no_target_makes_is_refused():
    with pytest.raises(ConfigError, match=r"surface/overlap looks at another target.*no option 'forground'"):
        combine({"name": "overlap", "map_options": {"forground": [1]}})


def test_a_map_is_of_the_foreground_that_its_head_learns():
    section = HeadSection(target={"name": "binary", "foreground": [3]}, losses=["boundary", "overlap"])
    losses = combine_losses([SURFACE], {"surface": section})
    asked = {name: request.target.options for name, request in losses.maps.items()}
    assert asked == {"surface/distance": {"foreground": [3], "clip": 20.0}, "surface/binary": {"foreground": [3]}}


def test_an_unknown_head_to_look_at_is_refused():
    with pytest.raises(ConfigError, match="head 'surfaces', which is no head; did you mean 'surface'"):
        combine({"name": "neighbour", "head": "surfaces"})


def test_a_mask_without_probabilities_is_refused():
    with pytest.raises(ConfigError, match="mask_head 'ridges' gives no probabilities"):
        combine({"name": "dice", "mask_head": "ridges"}, others=[RIDGES])


def test_a_mask_that_is_no_head_is_refused_with_the_recipe():
    loss = WeightedComponent(name="dice", mask_head="surfce")
    with pytest.raises(ValueError, match="mask_head 'surfce', which is no head; did you mean 'surface'"):
        RunConfig(heads={"surface": HeadSection(target="binary", losses=(loss,))})


def test_a_head_whose_losses_all_weigh_nothing_is_refused_with_the_recipe():
    with pytest.raises(ValueError, match=r"heads\.surface learns nothing: all its losses weigh 0"):
        RunConfig(heads={"surface": HeadSection(target="binary", losses=({"name": "dice", "weight": 0},))})
