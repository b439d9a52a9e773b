from dataclasses import replace

import pytest
import torch

from volumen.errors import MemoryBudgetError
from volumen.inference import Compute, Tiling, execution
from volumen.inference.execution import (
    TUNED_EXACTLY_FROM_TILES,
    TUNED_FROM_TILES,
    EnsembleForward,
    choose_execution,
    shrink_tile,
    tune_execution,
)

TILE = (16, 16, 16)


@pytest.fixture
def timed(monkeypatch):
    """Candidates in the order they were timed; the last is made the fastest."""
    seen = []

    def time_forward(model, tile, candidate):
        seen.append((candidate.batch, candidate.layout))
        return 1 / len(seen)

    monkeypatch.setattr(execution, "_time_forward", time_forward)
    return seen


def choose(model, tiling=None, compute=None, tiles=TUNED_FROM_TILES):
    return choose_execution([model], TILE, tiling=tiling or Tiling(), compute=compute or Compute(), tiles=tiles)


def test_what_is_left_open_is_timed_and_the_fastest_taken(model, timed):
    chosen = choose(model)

    assert timed == [(1, "contiguous"), (1, "channels_last"), (2, "contiguous"), (2, "channels_last")]
    assert (chosen.batch, chosen.layout) == (2, "channels_last")


def test_what_is_asked_for_is_obeyed_without_a_look_at_the_clock(model, timed):
    chosen = choose(model, Tiling(batch=3), Compute(layout="channels_last"))

    assert (chosen.batch, chosen.layout) == (3, "channels_last")
    assert not timed


def test_few_tiles_are_not_worth_tuning(model, timed):
    assert choose(model, tiles=TUNED_FROM_TILES - 1).batch == 1
    assert not timed


def test_a_memory_budget_keeps_to_one_tile(model, timed):
    assert choose(model, compute=Compute(memory="4G")).batch == 1


def test_large_tiles_are_never_paired(model, timed):
    choose_execution([model], (128, 128, 128), tiling=Tiling(), compute=Compute(), tiles=TUNED_FROM_TILES)

    assert {batch for batch, _ in timed} == {1}


@pytest.mark.parametrize(
    ("tiles", "timed_tile"), [(TUNED_FROM_TILES, (64, 64, 64)), (TUNED_EXACTLY_FROM_TILES, (128, 96, 128))]
)
def test_tiles_are_timed_as_they_are_where_there_are_many(model, monkeypatch, tiles, timed_tile):
    seen = set()
    monkeypatch.setattr(execution, "_time_forward", lambda model, tile, candidate: seen.add(tile) or 1.0)

    choose_execution([model], (128, 96, 128), tiling=Tiling(), compute=Compute(), tiles=tiles)

    assert seen == {timed_tile}


def test_a_shrunk_tile_still_fits_the_network():
    assert shrink_tile((200, 8, 64), (48, 4, 16)) == (96, 8, 64)


def test_tuning_measures_real_forwards(model):
    plain = choose(model, tiles=1)
    candidates = [plain, replace(plain, layout="channels_last")]

    assert tune_execution(model, TILE, candidates) in candidates


def test_layouts_and_back_again_leave_weights_as_they_were(model):
    plain = choose(model, tiles=1)
    before = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    image = torch.rand(1, 1, *TILE)
    with torch.inference_mode():
        first = EnsembleForward([model], plain)(image)["0/surface"]
        EnsembleForward([model], replace(plain, layout="channels_last"))(image)
        again = EnsembleForward([model], plain)(image)["0/surface"]

    assert torch.equal(first, again)
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert tensor.is_contiguous()


def test_memory_that_runs_out_says_what_to_lower(model, monkeypatch):
    def run_out(image):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(model.network, "forward", run_out)

    with pytest.raises(MemoryBudgetError, match="lower --tile or --batch"):
        EnsembleForward([model], choose(model, tiles=1))(torch.rand(1, 1, *TILE))
