import builtins
import inspect

import pytest

from volumen import errors
from volumen.errors import PartFailedError, VolumenError, suggest_nearest

TREE = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, VolumenError)]


@pytest.mark.parametrize(
    "error", [error for error in TREE if error is not VolumenError], ids=lambda error: error.__name__
)
def test_every_error_is_also_the_builtin_that_callers_expect(error):
    assert any(base.__name__ in vars(builtins) for base in error.__bases__ if base is not VolumenError)
    assert f"{error.__name__} (" in errors.__doc__


def test_the_exit_code_is_the_users_mistake_but_for_a_failed_part():
    assert {error.exit_code for error in TREE if error is not PartFailedError} == {2}
    assert PartFailedError.exit_code == 1


def test_the_nearest_name_is_suggested_and_all_when_none_is_near():
    assert suggest_nearest("patchsize", ["patch_size", "batch_size"]) == "did you mean 'patch_size'?"
    assert suggest_nearest("zzz", ["b", "a"]) == "known: a, b"
    assert suggest_nearest("zzz", []) == "known: none"
