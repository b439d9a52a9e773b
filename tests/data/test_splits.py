import json
import logging

import pytest

from volumen.config import Component, DataSection
from volumen.data import Case, Fold, divide_cases
from volumen.data.splits import FileSplit, GroupSplit, PublishedSplit, ShareSplit
from volumen.errors import ConfigError, DataError


def make_cases(*names: str) -> list[Case]:
    return [Case(name, f"{name}_im.h5", {"labels": f"{name}_seg.h5"}) for name in names]


def make_grouped(**sizes: int) -> list[Case]:
    return [
        Case(f"{group}_{number}", f"{group}_{number}.tif", {}, group=group)
        for group, count in sizes.items()
        for number in range(count)
    ]


def divide(cases, published=None, **options):
    split = options.pop("split", None)
    data = DataSection(split=None if split is None else Component.model_validate(split), **options)
    return divide_cases(cases, data, published=published)


def test_what_a_recipe_does_not_say_is_folds():
    division = divide(make_cases(*"abcdef"), folds=3)
    assert [len(fold.validation) for fold in division.folds] == [2, 2, 2]
    assert division.cases == tuple(make_cases(*"abcdef"))


def test_groups_that_the_recipe_names_stay_together():
    division = divide(make_cases("1_a", "1_b", "2_a", "2_b"), folds=2, group=r"^(\d)")
    assert {fold.validation for fold in division.folds} == {("1_a", "1_b"), ("2_a", "2_b")}
    assert {case.group for case in division.cases} == {"1", "2"}


@pytest.mark.parametrize(("training", "held"), [(0.9, 2), (0.5, 10), (0.75, 5), (0.999, 1), (0.001, 19)])
def test_a_share_of_the_cases_is_learned_from(training, held):
    (fold,) = ShareSplit(seed=1, training=training).divide(make_cases(*(f"c{i:02}" for i in range(20)))).folds
    assert len(fold.validation) == held
    assert not set(fold.training) & set(fold.validation)


def test_a_share_keeps_groups_whole():
    (fold,) = ShareSplit(seed=3, training=0.8).divide(make_grouped(x=5, y=5, z=5)).folds
    assert {name[0] for name in fold.training}.isdisjoint({name[0] for name in fold.validation})


def test_another_seed_holds_out_others():
    cases = make_cases(*"abcdefghij")
    held = {ShareSplit(seed=seed).divide(cases).folds[0].validation for seed in range(8)}
    assert len(held) > 3


def test_a_lone_case_is_to_be_cut_in_slabs():
    with pytest.raises(ConfigError, match=r"a cannot be divided whole; data\.split=slab cuts"):
        ShareSplit(seed=1).divide(make_cases("a"))
    with pytest.raises(ConfigError, match=r"data\.split=slab cuts"):
        divide(make_cases("a"))


def test_what_judges_is_left_out_of_training_although_its_pattern_fits(caplog):
    """`vol*_im.h5` also matches `vol_val1_im.h5`."""
    cases = make_cases("vol1", "vol2", "vol_val1")
    with caplog.at_level(logging.WARNING):
        (fold,) = FileSplit(validation="vol_val*", training="vol*_im.h5").divide(cases).folds
    assert fold == Fold(0, ("vol1", "vol2"), ("vol_val1",))
    assert "left out of training, for they are in validation: vol_val1" in caplog.text


def test_without_training_patterns_all_others_are_learned_from():
    assert FileSplit(validation=["vol_val*"]).divide(make_cases("vol1", "vol_val1")).folds[0].training == ("vol1",)


def test_what_neither_pattern_names_is_not_used_and_that_is_said(caplog):
    division = FileSplit(validation="c", training=["a"]).divide(make_cases("a", "b", "c"))
    assert [case.name for case in division.cases] == ["a", "c"]
    assert "not used: b" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": "vol_vall1"}, "no case is called 'vol_vall1'; did you mean 'vol_val1'"),
        ({"validation": "*"}, "leaves no case to learn from"),
    ],
)
def test_patterns_that_make_no_split_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        FileSplit(**options).divide(make_cases("vol1", "vol_val1"))


def test_each_group_is_held_out_once():
    folds = GroupSplit().divide(make_grouped(s34=3, s35=2, s26=1)).folds
    assert [{name.partition("_")[0] for name in fold.validation} for fold in folds] == [{"s26"}, {"s34"}, {"s35"}]
    assert all(len(fold.training) + len(fold.validation) == 6 for fold in folds)


def test_named_groups_are_held_out_together():
    (fold,) = GroupSplit(validation=["s34", "s26"]).divide(make_grouped(s34=1, s35=1, s26=1)).folds
    assert fold == Fold(0, ("s35_0",), ("s26_0", "s34_0"))


@pytest.mark.parametrize(
    ("cases", "options", "message"),
    [
        (make_cases("a", "b"), {}, "set data.group; none for a, b"),
        (make_grouped(x=2), {}, "two groups or more; there is x"),
        (make_grouped(s34=1, s35=1), {"validation": ["s36"]}, "no group s36; did you mean"),
        (make_grouped(x=1, y=1), {"validation": ["x", "y"]}, "names every group"),
    ],
)
def test_groups_that_make_no_split_are_refused(cases, options, message):
    with pytest.raises(ConfigError, match=message):
        GroupSplit(**options).divide(cases)


PUBLISHED = (Fold(0, ("a",), ("b",)),)


def test_a_published_split_is_kept_unless_the_recipe_names_another(caplog):
    cases = make_cases(*"ab")
    with caplog.at_level(logging.INFO):
        assert divide(cases, PUBLISHED).folds == PUBLISHED
    assert "data.split=folds draws others" in caplog.text
    assert len(divide(cases, PUBLISHED, split="folds", folds=2).folds) == 2


def test_cases_outside_the_published_split_are_not_used(caplog):
    assert [case.name for case in divide(make_cases(*"abc"), PUBLISHED).cases] == ["a", "b"]
    assert "not used: c" in caplog.text


def test_a_published_split_of_cases_that_are_gone_names_them():
    with pytest.raises(DataError, match="not there: b"):
        divide(make_cases("a"), PUBLISHED)
    with pytest.raises(ConfigError, match=r"data\.split\.file"):
        PublishedSplit().divide(make_cases("a"))


def test_the_splits_of_nnunet_are_read_from_their_file(tmp_path):
    path = tmp_path / "splits_final.json"
    path.write_text(json.dumps([{"train": ["a", "b"], "val": ["c"]}, {"train": ["c"], "val": ["a", "b"]}]))
    folds = divide(make_cases(*"abc"), split={"name": "published", "file": str(path)}).folds
    assert folds == (Fold(0, ("a", "b"), ("c",)), Fold(1, ("c",), ("a", "b")))


def test_a_split_that_shares_voxels_is_refused(tmp_path):
    cases = [Case("a", "same.tif", {}), Case("b", "same.tif", {})]
    with pytest.raises(DataError, match="fold 0 trains on what it is judged by: a and b share all voxels"):
        divide(cases, split={"name": "files", "validation": "b"})


def test_the_number_of_folds_is_not_said_twice():
    from volumen.config import read_recipe

    with pytest.raises(ConfigError, match="split 'slab' has no option 'folds'"):
        read_recipe("scroll-surface", ["data.split={name: slab, folds: 3}"])
