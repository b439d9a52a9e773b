import logging
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from volumen.config import Component, DataSection
from volumen.data import Sample, Wanted, build_loader, find_cases, fit_normalisations, measure_cases
from volumen.data.loader import BatchNumbers, is_worker_lost
from volumen.errors import DataError, MemoryBudgetError

AUGMENTATIONS = tuple(Component(name=name) for name in ("flip", "rotate90", "noise", "brightness_contrast"))
WANTED = Wanted(("labels",))
CONFIG = DataSection(patch_size=(8, 8, 8), num_workers=0, augmentations=AUGMENTATIONS)


@pytest.fixture
def load(scrolls: Path):
    cases = find_cases(scrolls)
    maps = fit_normalisations(cases, CONFIG.normalisation)

    def load(first: int = 0, count: int = 6, *, training: bool = True, **settings: object):
        config = CONFIG.model_copy(update=settings)
        measured = measure_cases(cases, config, WANTED, training=training, maps=maps)
        options = {"first": first, "count": count, "training": training, "measured": measured}
        return build_loader(cases, config, wanted=WANTED, seed=42, **options)

    return load


def assert_equal(one: list[Sample], other: list[Sample]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.cases == b.cases
        for left, right in ((a.image, b.image), (a.labels["labels"], b.labels["labels"]), (a.origin, b.origin)):
            assert torch.equal(left, right)


def test_a_loader_yields_so_many_batches(load):
    batches = list(load(count=4))
    assert len(load(count=4)) == len(batches) == 4
    assert batches[0].image.shape == (2, 1, 8, 8, 8)
    assert batches[0].image.dtype == torch.float32
    assert batches[0].labels["labels"].dtype == torch.int64


def test_an_epoch_of_one_patch_a_case_sees_every_case(load):
    names = [name for batch in load(count=5) for name in batch.cases]  # ten samples: two turns
    assert sorted(names[:5]) == sorted(names[5:]) == [f"s{i}" for i in range(5)]


def test_a_stream_goes_on_where_it_was_left(load):
    assert_equal(list(load(first=2, count=4)), list(load(count=6))[2:])


def test_walking_twice_gives_the_same(load):
    loader = load()
    assert_equal(list(loader), list(loader))


def test_loading_takes_nothing_from_torchs_global_stream(load):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(load())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(
    "workers", [2, pytest.param(1, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)]
)
def test_any_number_of_workers_gives_the_same_batches(load, monkeypatch, workers):
    monkeypatch.setattr("volumen.data.loader.count_cores", lambda: 4)
    loader = load(num_workers=workers)
    assert loader.num_workers == workers
    assert_equal(list(load()), list(loader))


def test_no_more_workers_than_cores_are_started(load, monkeypatch):
    monkeypatch.setattr("volumen.data.loader.count_cores", lambda: 1)
    assert load(num_workers=4).num_workers == 1


def test_validation_visits_every_case_equally_often(load):
    loader = load(count=5, training=False)  # two patches of each of five cases, in batches of two
    batches = list(loader)
    assert [name for batch in batches for name in batch.cases] == [f"s{i}" for i in range(5)] * 2
    assert_equal(batches, list(loader))


def test_the_last_validation_batch_is_shorter_where_that_is_even(load):
    sizes = [len(batch) for batch in load(count=3, training=False)]  # one patch of each of five cases
    assert sizes == [2, 2, 1]


def test_a_few_validation_batches_may_see_few_cases(load):
    assert [batch.cases for batch in load(count=1, training=False)] == [("s0", "s1")]


def test_ranks_share_each_batch_number(monkeypatch):
    numbers = {}
    for rank in range(2):
        monkeypatch.setattr("volumen.data.loader._find_rank", lambda rank=rank: (rank, 2))
        numbers[rank] = list(BatchNumbers(1, 2, size=3))
    assert numbers == {0: [[6, 7, 8], [12, 13, 14]], 1: [[9, 10, 11], [15, 16, 17]]}


def test_an_unreachable_share_is_told_once(load, caplog):
    sampling = Component(name="balanced", options={"low": 0.9, "high": 1.0})
    loader = load(sampling=sampling, patch_size=(12, 14, 16))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            list(loader)
    assert caplog.text.count("foreground share of 0.9 to 1") == 1


def test_no_cases_is_an_error():
    with pytest.raises(DataError, match="no cases"):
        build_loader([], CONFIG, wanted=Wanted(("labels",)), seed=0, first=0, count=1, training=True)


def test_an_error_while_loading_names_the_case(load, scrolls, write_volume):
    write_volume("train_labels/s3.tif", np.full((12, 14, 16), -5, np.int16))
    with pytest.raises(DataError, match=r"^case s3: .*got -5"):
        list(load())


def test_an_error_in_a_worker_is_the_same_one_line(load, write_volume):
    write_volume("train_labels/s3.tif", np.full((12, 14, 16), -5, np.int16))
    with pytest.raises(DataError) as caught:
        list(load(num_workers=1))
    assert str(caught.value).startswith("case s3: labels are 0")
    assert "\n" not in str(caught.value)
    assert "convert_labels" in caught.value.__notes__[0]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_said_to_lack_memory(load):
    batches = iter(load(count=500, num_workers=1))
    next(batches)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch's handler raises wherever this process happens to be
    worker = next(iter(torch.multiprocessing.active_children()))
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(MemoryBudgetError, match=r"lower data\.num_workers"):
        list(batches)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "), True),
        (RuntimeError("DataLoader worker (pid(s) 7, 8) exited unexpectedly"), True),
        (ConnectionResetError(104, "Connection reset by peer"), True),
        (EOFError(), True),
        (RuntimeError("Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback"), False),
        (ConnectionResetError("Caught ConnectionResetError in DataLoader worker process 0."), False),
        (RuntimeError("shapes do not fit"), False),
    ],
)
def test_only_a_worker_that_is_gone_is_taken_for_lost(error, lost):
    assert is_worker_lost(error) is lost
