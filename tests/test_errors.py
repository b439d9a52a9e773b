import builtins
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen import errors
from volumen.errors import PartFailedError, VolumenError, suggest_nearest

TREE = [line.split() for line in errors.__doc__.splitlines() if line.startswith(("├", "└"))]


def list_errors():
    found = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, VolumenError)]
    return {value.__name__: value for value in found if value is not VolumenError}


def test_the_tree_at_the_top_of_the_file_is_the_tree():
    assert {line[1]: line[2].strip("()") for line in TREE} == {
        name: error.__bases__[1].__name__ for name, error in list_errors().items()
    }


@pytest.mark.parametrize("error", [pytest.param(error, id=name) for name, error in list_errors().items()])
def test_every_error_is_ours_and_the_builtin_one_that_callers_expect(error):
    ours, builtin = error.__bases__
    assert ours is VolumenError
    assert getattr(builtins, builtin.__name__) is builtin
    with pytest.raises(builtin, match="say this"):
        raise error("say this")
    assert str(error("say this")) == "say this"


def test_a_mistake_exits_with_2_and_a_failed_part_with_1():
    assert {name for name, error in list_errors().items() if error.exit_code != 2} == {"PartFailedError"}
    assert PartFailedError.exit_code == 1


def test_the_nearest_name_is_suggested():
    assert suggest_nearest("percentil", ["zscore", "percentile"]) == "did you mean 'percentile'?"


def test_all_names_are_listed_when_none_is_near():
    assert suggest_nearest("xyz", ["zscore", "percentile"]) == "known: percentile, zscore"
    assert suggest_nearest("xyz", []) == "known: none"


@given(name=st.text(max_size=8), known=st.lists(st.text(max_size=8), max_size=3))
def test_a_suggestion_names_only_what_is_known(name, known):
    told = suggest_nearest(name, known)
    if told.startswith("did you mean"):
        assert any(told == f"did you mean {choice!r}?" for choice in known)
