import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from volumen.config import Component, DataSection
from volumen.data import Case, Wanted, build_loader, find_cases, measure_cases, measures
from volumen.errors import DataError

WANTED = Wanted(("labels",))
MAPS = DataSection().normalisation


@pytest.fixture
def cases(scrolls: Path, cache: Path) -> list[Case]:
    return find_cases(scrolls)


def ask(**options) -> DataSection:
    sampling = Component(name=options.pop("name", "foreground"), options=options)
    return DataSection(patch_size=(4, 4, 4), ignore=2, num_workers=0, batch_size=1, sampling=sampling)


def write_labels(write_volume, numbers, value=0):
    for number in numbers:
        write_volume(f"train_labels/s{number}.tif", np.full((12, 14, 16), value, np.uint8))


def count_builds(monkeypatch) -> list[str]:
    built, build = [], measures.build_index
    monkeypatch.setattr(
        measures, "build_index", lambda case, *rest, **options: built.append(case.name) or build(case, *rest, **options)
    )
    return built


def test_labels_are_looked_through_once_and_again_when_they_change(cases, write_volume, cache, monkeypatch):
    built = count_builds(monkeypatch)
    first = measure_cases(cases, ask(), WANTED, training=True)
    again = measure_cases(cases, ask(), WANTED, training=True)
    assert sorted(built) == [f"s{i}" for i in range(5)]
    assert len(list(cache.iterdir())) == 5
    assert all(np.array_equal(first.indexes[name].voxels, again.indexes[name].voxels) for name in first.indexes)
    write_labels(write_volume, [3], 1)
    changed = measure_cases(cases, ask(), WANTED, training=True)
    assert built[5:] == ["s3"]
    assert changed.indexes["s3"].foreground.sum() == 12 * 14 * 16


def test_cases_of_the_same_labels_are_looked_through_once(cases, monkeypatch):
    built = count_builds(monkeypatch)
    twins = [replace(cases[0], name=name) for name in "abc"]
    assert set(measure_cases(twins, ask(), WANTED, training=True).indexes) == set("abc")
    assert len(built) == 1


def test_samplings_that_do_not_go_by_it_look_through_nothing(cases, monkeypatch):
    built = count_builds(monkeypatch)
    assert not measure_cases(cases, ask(name="balanced"), WANTED, training=True).indexes
    assert built == []


def test_a_damaged_index_is_made_again(cases, cache, monkeypatch, caplog):
    measure_cases(cases, ask(), WANTED, training=True)
    for path in cache.iterdir():
        path.write_bytes(b"no index")
    built = count_builds(monkeypatch)
    measure_cases(cases, ask(), WANTED, training=True)
    assert len(built) == 5
    assert caplog.text.count("is damaged") == 5


def test_a_cache_that_cannot_be_written_is_told_once(cases, cache, caplog):
    cache.parent.mkdir(parents=True)
    cache.write_text("in the way")
    assert len(measure_cases(cases, ask(), WANTED, training=True).indexes) == 5
    assert caplog.text.count("is looked through again in the next run") == len(caplog.records) == 1


def test_cases_that_lack_foreground_are_named_once(cases, write_volume, caplog):
    write_labels(write_volume, [1, 4])
    measure_cases(cases, ask(), WANTED, training=True)
    assert "s1, s4 have no foreground: their patches are cut anywhere" in caplog.text
    caplog.clear()
    measure_cases(cases, ask(), WANTED, training=False)
    assert caplog.text == ""


def test_many_such_cases_are_counted(cases, write_volume, caplog):
    write_labels(write_volume, range(4))
    several = [replace(case, name=f"{case.name}{letter}") for case in cases for letter in "ab"]
    measure_cases(several, ask(), WANTED, training=True)
    assert "s0a, s0b, s1a, s1b, s2a and 3 more have no foreground" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "foreground"}, "s0, s1, s2, s3, s4 have no foreground; change"),
        ({"name": "instances"}, "have no instance; change"),
        ({"name": "classes", "weights": {3: 1.0}}, r"have none of the classes \[3\]"),
        ({"name": "foreground", "classes": (7,)}, r"have none of the classes \[7\]"),
    ],
)
def test_where_no_case_has_what_is_asked_for_it_is_an_error(cases, write_volume, options, message):
    write_labels(write_volume, range(5))
    with pytest.raises(DataError, match=message):
        measure_cases(cases, ask(**options), WANTED, training=True)


def test_too_little_that_is_labelled_is_an_error(cases, write_volume):
    write_labels(write_volume, range(5), 2)
    with pytest.raises(DataError, match="have no patch of which 10% is labelled"):
        measure_cases(cases, ask(name="labelled"), WANTED, training=True)


def test_an_error_names_the_labels_there_are(cases):
    with pytest.raises(DataError, match=r"none of the classes \[7\] \(labels there are: 1\); change data.sampling"):
        measure_cases(cases, ask(classes=(7,)), WANTED, training=True)


def test_a_class_that_no_case_has_is_told(cases, caplog):
    measure_cases(cases, ask(name="classes", weights={0: 1, 1: 1, 9: 1}), WANTED, training=True)
    assert "names labels that no case has: [9] (labels there are: 1)" in caplog.text


def test_what_goes_wrong_names_the_case(cases, write_volume):
    write_volume("train_labels/s3.tif", np.full((12, 14, 16), -5, np.int16))
    with pytest.raises(DataError, match=r"^case s3: .*got -5"):
        measure_cases(cases, ask(), WANTED, training=True)


def test_who_waits_is_told_how_far_it_is(cases, monkeypatch, caplog):
    monkeypatch.setattr(measures, "FIRST_WORD", 0.0)
    with caplog.at_level(logging.INFO):
        measure_cases(cases, ask(), WANTED, training=True)
    told = [record.message for record in caplog.records]
    assert told[0].startswith("looking through labels for where patches may lie: ")
    assert told[-1].startswith("looked through labels in ")


def test_who_watches_is_told_of_every_block_and_the_log_is_not(cases, monkeypatch, caplog):
    monkeypatch.setattr(measures, "NEXT_WORD", 0.0)
    told = []
    with caplog.at_level(logging.INFO):
        measure_cases(cases, ask(), WANTED, training=True, progress=lambda *step: told.append(step))
    assert told == [("blocks of labels in 5 cases", done, 5) for done in range(1, 6)]
    assert caplog.text == ""


@pytest.mark.parametrize(("name", "workers"), [("foreground", 1), ("instances", 0), ("classes", 0), ("labelled", 0)])
def test_batches_are_the_same_from_a_worker_and_go_on_where_they_were_left(cases, name, workers):
    config = ask(name=name)
    options = {"wanted": WANTED, "seed": 1, "training": True}
    whole = list(build_loader(cases, config, first=0, count=4, **options))
    spread = build_loader(cases, config.model_copy(update={"num_workers": workers}), first=2, count=2, **options)
    for one, other in zip(whole[2:], spread, strict=True):
        assert one.cases == other.cases
        assert np.array_equal(one.origin, other.origin)
        assert np.array_equal(one.labels["labels"], other.labels["labels"])


@pytest.mark.parametrize(("rate", "kept"), [(0.0, []), (0.4, [2, 4]), (0.5, [1, 3]), (1.0, [0, 1, 2, 3, 4])])
def test_volumes_of_a_share_of_the_cases_are_kept(cases, rate, kept):
    from volumen.data.loader import list_kept

    specs = {spec for number in kept for spec in cases[number].list_specs()}
    assert list_kept(cases, rate) == specs


def test_a_loader_keeps_so_many_bytes(cases):
    config = ask(name="uniform").model_copy(update={"cache_bytes": 6000})
    loader = build_loader(cases, config, wanted=WANTED, seed=1, first=0, count=20, training=True)
    list(loader)
    held = [array.nbytes for array in loader.dataset._reader._arrays.values()]
    assert held == [12 * 14 * 16] * 2
