import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.data import Case, Fold, read_folds, split_folds, write_folds
from volumen.errors import ConfigError, DataError, FormatError, MissingError, OutputError


def make_cases(count: int, groups: int | None = None) -> list[Case]:
    return [
        Case(f"case{number:03}", "image.tif", {}, group=None if groups is None else f"g{number % groups}")
        for number in range(count)
    ]


def test_five_folds_of_ten_are_those_of_scikit_learn():
    # What KFold with shuffle and random_state 42 gives for ten.
    expected = [(1, 8), (0, 5), (2, 7), (4, 9), (3, 6)]
    folds = split_folds(make_cases(10))
    assert [fold.validation for fold in folds] == [tuple(f"case{i:03}" for i in part) for part in expected]


def test_of_786_cases_only_the_first_fold_is_628_to_158():
    sizes = [(len(fold.training), len(fold.validation)) for fold in split_folds(make_cases(786))]
    assert sizes == [(628, 158), (629, 157), (629, 157), (629, 157), (629, 157)]


@given(st.integers(2, 40), st.integers(2, 6), st.integers(0, 5))
def test_every_case_is_held_out_once(count, folds, seed):
    cases = make_cases(count)
    if count < folds:
        with pytest.raises(ConfigError):
            split_folds(cases, folds=folds, seed=seed)
        return
    made = split_folds(cases, folds=folds, seed=seed)
    assert Counter(name for fold in made for name in fold.validation) == {case.name: 1 for case in cases}
    assert all(sorted(fold.training + fold.validation) == [case.name for case in cases] for fold in made)


def test_the_order_in_which_cases_are_found_does_not_matter():
    cases = make_cases(12)
    assert split_folds(cases) == split_folds(cases[::-1])


@given(st.integers(5, 12), st.integers(20, 60))
def test_groups_are_never_divided_and_folds_are_about_even(groups, count):
    cases = make_cases(count, groups)
    group_of = {case.name: case.group for case in cases}
    folds = split_folds(cases)
    for fold in folds:
        assert not {group_of[name] for name in fold.training} & {group_of[name] for name in fold.validation}
    sizes = [len(fold.validation) for fold in folds]
    assert max(sizes) - min(sizes) <= count // groups + 1


def test_fewer_cases_than_folds_says_what_to_set():
    with pytest.raises(ConfigError, match=r"there are 3: set data\.folds=3"):
        split_folds(make_cases(3))


def test_fewer_groups_than_folds_says_what_to_set():
    with pytest.raises(ConfigError, match=r"5 groups of cases or more; there are 2: set data\.folds=2"):
        split_folds(make_cases(8, groups=2))


def test_groups_may_be_named_when_folds_are_split():
    cases = [Case(name, "image.tif", {}) for name in ("1_a", "1_b", "2_a", "2_b")]
    folds = split_folds(cases, folds=2, group=r"^(\d)")
    assert {fold.validation for fold in folds} == {("1_a", "1_b"), ("2_a", "2_b")}


def test_folds_come_back_as_they_were_written(tmp_path):
    cases = make_cases(7)
    folds = split_folds(cases)
    write_folds(tmp_path / "folds.json", folds)
    assert read_folds(tmp_path / "folds.json", cases) == folds
    assert [path.name for path in tmp_path.iterdir()] == ["folds.json"]


def test_folds_may_be_edited_by_hand(tmp_path):
    path = tmp_path / "folds.json"
    path.write_text(json.dumps({"folds": [{"number": 0, "training": ["case000"], "validation": ["case001"]}]}))
    assert read_folds(path, make_cases(2)) == (Fold(0, ("case000",), ("case001",)),)


def test_a_file_that_does_not_fit_the_cases_names_every_fault(tmp_path):
    folds = [Fold(0, ("case000", "case001"), ("case001", "gone")), Fold(2, ("case000",), ())]
    write_folds(tmp_path / "folds.json", folds)
    with pytest.raises(DataError) as caught:
        read_folds(tmp_path / "folds.json", make_cases(3))
    message = str(caught.value)
    assert "not there: gone" in message
    assert "leaves out case002" in message
    assert "fold 0 trains on what it is judged by: case001" in message
    assert "fold 2 has no validation" in message
    assert "[0, 2]" in message


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"folds": 3}', '{"folds": [{"number": 0}]}'])
def test_a_file_of_something_else_shows_what_is_wanted(tmp_path, text):
    (tmp_path / "folds.json").write_text(text)
    with pytest.raises(FormatError, match="no list of folds"):
        read_folds(tmp_path / "folds.json", make_cases(3))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingError, match=r"folds\.json"):
        read_folds(tmp_path / "folds.json", make_cases(3))


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"absent/folds\.json cannot be written"):
        write_folds(tmp_path / "absent" / "folds.json", split_folds(make_cases(5)))
