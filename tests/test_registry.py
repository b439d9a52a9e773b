import pytest

from volumen import registry
from volumen.errors import UnknownNameError
from volumen.registry import TABLES, find_import, list_names, load_named

ENTRIES = [(kind, name) for kind, table in TABLES.items() for name in table]


@pytest.fixture
def plugin(monkeypatch):
    """A package that offers a loss `tversky`."""
    found = {"loss": {"square_root": "math:sqrt"}}
    monkeypatch.setattr(registry, "_find_plugins", lambda kind: found.get(kind, {}))
    list_names.cache_clear()
    yield
    list_names.cache_clear()


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_name_is_lower_case_and_leads_into_the_front_door_of_a_room(kind, name):
    assert name == name.lower()
    module, _, attribute = find_import(kind, name).partition(":")
    package, room = module.split(".")
    assert package == "volumen"
    assert room.isidentifier()
    assert attribute.isidentifier()


def test_names_are_loaded_where_they_live():
    from volumen.volumes import PercentileNormalisation

    assert load_named("normalisation", "percentile") is PercentileNormalisation


def test_names_are_listed_in_order():
    assert list(list_names("loss")) == sorted(TABLES["loss"])


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(UnknownNameError, match="no normalisation is called 'percentil'; did you mean 'percentile'"):
        load_named("normalisation", "percentil")


def test_an_unknown_kind_of_name_lists_all_when_none_is_near():
    with pytest.raises(UnknownNameError, match="known: dataset_zscore, none, percentile, range, zscore"):
        find_import("normalisation", "xyz")


def test_installed_packages_add_names(plugin):
    import math

    assert "square_root" in list_names("loss")
    assert load_named("loss", "square_root") is math.sqrt


def test_a_package_cannot_change_a_name_of_ours(monkeypatch):
    monkeypatch.setattr(registry, "_find_plugins", lambda kind: {"dice": "math:sqrt"})
    assert find_import("loss", "dice") == TABLES["loss"]["dice"]
