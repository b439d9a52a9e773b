import pytest

from volumen.config import Component, HeadSection, WeightedComponent
from volumen.data import Case, choose_label
from volumen.errors import DataError


def make_head(label: str | None = None) -> HeadSection:
    return HeadSection(target=Component(name="binary"), label=label, losses=(WeightedComponent(name="dice"),))


def make_case(name: str, *labels: str) -> Case:
    return Case(name, f"{name}.tif", {label: f"{name}_{label}.tif" for label in labels})


def test_a_head_learns_the_label_it_is_told():
    assert choose_label("surface", make_head("ink"), [make_case("a", "ink", "surface")]) == "ink"


def test_a_head_learns_the_label_of_its_own_name():
    assert choose_label("surface", make_head(), [make_case("a", "ink", "surface")]) == "surface"


def test_a_head_learns_the_only_label_there_is():
    assert choose_label("surface", make_head(), [make_case("a", "labels")]) == "labels"


def test_a_head_that_could_learn_several_labels_asks_which():
    with pytest.raises(DataError, match=r"set heads\.surface\.label to one of: fibre, ink"):
        choose_label("surface", make_head(), [make_case("a", "ink", "fibre")])


def test_a_label_that_no_case_has_is_refused_with_those_there_are():
    with pytest.raises(DataError, match="'inc', which no case has; labels there are: ink"):
        choose_label("surface", make_head("inc"), [make_case("a", "ink")])


def test_a_label_that_some_cases_lack_names_them():
    with pytest.raises(DataError, match="missing for b, c"):
        choose_label("ink", make_head(), [make_case("a", "ink"), make_case("b", "mito"), make_case("c", "mito")])
