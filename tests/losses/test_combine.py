import pytest
import torch

from volumen.config import HeadSection
from volumen.errors import DataError, ShapeError
from volumen.heads import HeadSpec
from volumen.losses import combine_losses

SURFACE = HeadSpec("surface", 1, "sigmoid")
CELLS = HeadSpec("cells", 3, "softmax", "classes")
SECTIONS = {
    "surface": HeadSection(
        target={"name": "binary"},
        losses=[{"name": "dice", "weight": 0.4}, {"name": "focal", "weight": 0.2}, {"name": "variance", "weight": 0.2}],
    ),
    "cells": HeadSection(
        target={"name": "classes", "classes": 3}, activation="softmax", losses=["dice", "cross_entropy"]
    ),
}


def draw(channels, edge=8, seed=0):
    return torch.randn(2, channels, edge, edge, edge, generator=torch.Generator().manual_seed(seed))


def draw_target(edge=8):
    values = (draw(1, edge, seed=5) > 0).float()
    return values, torch.ones_like(values)


def build(*heads):
    return combine_losses(heads, SECTIONS)


def test_the_total_is_the_weighted_sum_of_parts_over_all_heads():
    cells = torch.zeros(2, 3, 8, 8, 8)
    cells[:, 1] = 1
    report = build(SURFACE, CELLS)(
        {"surface": [draw(1)], "cells": [draw(3)]},
        {"surface": draw_target(), "cells": (cells, torch.ones(2, 1, 8, 8, 8))},
    )
    weights = {
        "surface/dice": 0.4,
        "surface/focal": 0.2,
        "surface/variance": 0.2,
        "cells/dice": 1,
        "cells/cross_entropy": 1,
    }
    assert list(report.parts) == list(weights)
    expected = sum(weight * report.parts[name] for name, weight in weights.items())
    torch.testing.assert_close(report.total, expected)


def test_coarser_levels_count_half_of_the_next_finer_one():
    losses, target = build(SURFACE), draw_target()
    levels = [draw(1, edge) for edge in (8, 4, 2)]
    coarse = [
        (target[0][..., s // 2 :: s, s // 2 :: s, s // 2 :: s], torch.ones(2, 1, 8 // s, 8 // s, 8 // s))
        for s in (2, 4)
    ]
    alone = [
        losses({"surface": [level]}, {"surface": own}).total
        for level, own in zip(levels, [target, *coarse], strict=True)
    ]
    together = losses({"surface": levels}, {"surface": target})
    torch.testing.assert_close(together.total, (alone[0] + alone[1] / 2 + alone[2] / 4) / 1.75)
    assert together.parts.keys() == losses({"surface": levels[:1]}, {"surface": target}).parts.keys()


def test_parts_are_of_the_finest_level_and_carry_no_gradient():
    losses, target, levels = build(SURFACE), draw_target(), [draw(1, edge).requires_grad_() for edge in (8, 4)]
    report = losses({"surface": levels}, {"surface": target})
    finest = losses({"surface": levels[:1]}, {"surface": target})
    assert all(torch.equal(report.parts[name], finest.parts[name]) for name in finest.parts)
    assert not any(part.requires_grad for part in report.parts.values())


@pytest.mark.parametrize("rubbish", [1e30, float("inf"), float("nan")])
def test_whatever_lies_under_the_ignore_leaks_into_no_level(rubbish):
    losses = build(SURFACE)
    values, weight = draw_target()
    weight = weight.clone()
    weight[:, :, :4] = 0
    results = []
    for filling in (0.0, rubbish):
        levels = [draw(1, edge) for edge in (8, 4, 2)]
        for level in levels:
            level[:, :, : level.shape[2] // 2] = filling
            level.requires_grad_()
        filled = torch.where(weight > 0, values, torch.tensor(filling))
        report = losses({"surface": levels}, {"surface": (filled, weight)})
        report.total.backward()
        results.append((report.total.detach(), [level.grad for level in levels]))
    assert torch.equal(results[0][0], results[1][0])
    assert all(torch.equal(first, second) for first, second in zip(results[0][1], results[1][1], strict=True))


def test_a_batch_that_nobody_looked_at_costs_nothing_with_finite_gradients():
    levels = [draw(1, edge).requires_grad_() for edge in (8, 4)]
    nothing = torch.zeros(2, 1, 8, 8, 8)
    report = build(SURFACE)({"surface": levels}, {"surface": (nothing, nothing)})
    report.total.backward()
    assert report.total == 0
    assert all(level.grad.isfinite().all() for level in levels)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_predictions_are_judged_in_float32(dtype):
    losses, target = build(SURFACE), draw_target(32)
    logits = (8 * draw(1, 32)).to(dtype)
    with torch.autocast("cpu", dtype=dtype):
        half = losses({"surface": [logits]}, {"surface": target})
    full = losses({"surface": [logits.float()]}, {"surface": target})
    assert half.total.dtype == torch.float32
    assert torch.equal(half.total, full.total)


def test_slices_are_compared_with_slices():
    levels = [torch.zeros(2, 1, 1, 8, 8), torch.zeros(2, 1, 1, 4, 4)]
    target = torch.ones(2, 1, 1, 8, 8)
    assert build(SURFACE)({"surface": levels}, {"surface": (target, target)}).total > 0


def test_a_loss_listed_twice_is_logged_under_two_names():
    section = HeadSection(target={"name": "binary"}, losses=["focal", {"name": "focal", "gamma": 4.0}])
    losses = combine_losses([SURFACE], {"surface": section})
    assert [term.name for term in losses.terms] == ["surface/focal", "surface/focal_2"]


def test_a_head_without_a_target_is_named():
    with pytest.raises(DataError, match="'surface' has losses and no target in this batch; there are cells"):
        build(SURFACE)({"surface": [draw(1)]}, {"cells": draw_target()})


def test_a_prediction_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"\(6, 6, 6\) is no whole fraction of its target's \(8, 8, 8\)"):
        build(SURFACE)({"surface": [draw(1, 6)]}, {"surface": draw_target()})
