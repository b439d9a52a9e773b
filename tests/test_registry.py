import pytest

from volumen.errors import UnknownNameError
from volumen.registry import TABLES, find_import, list_names, load_named


def test_names_are_listed_in_order_and_found():
    assert list(list_names("loss")) == sorted(TABLES["loss"])
    assert find_import("loss", "dice") == "volumen.losses:Dice"


def test_a_name_leads_to_a_callable():
    assert callable(load_named("normalisation", "percentile"))


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no loss is called 'dise'; did you mean 'dice'\?"):
        find_import("loss", "dise")
