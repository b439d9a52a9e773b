import pytest

from volumen.data.groups import find_groups
from volumen.errors import ConfigError, DataError, MissingError


def test_a_pattern_takes_the_group_from_the_name():
    assert find_groups(["34_a", "35_b"], r"^(\d+)_") == {"34_a": "34", "35_b": "35"}


def test_a_table_gives_the_groups(tmp_path):
    table = tmp_path / "groups.csv"
    table.write_text("name,group\na,mouse\nb,rat\n")
    assert find_groups(["b", "a"], str(table)) == {"b": "rat", "a": "mouse"}


@pytest.mark.parametrize(
    ("pattern", "error", "message"),
    [
        (r"^(\d+", ConfigError, "no regular expression"),
        (r"^\d+", ConfigError, "needs a part in brackets"),
        (r"^(\d+)_", DataError, "no group in the name of x1, y2"),
    ],
)
def test_a_pattern_that_gives_no_group_is_explained(pattern, error, message):
    with pytest.raises(error, match=message):
        find_groups(["1_a", "x1", "y2"], pattern)


def test_a_table_that_lacks_cases_names_them(tmp_path):
    table = tmp_path / "groups.csv"
    table.write_text("name,group\na,mouse\nb,\n")
    with pytest.raises(DataError, match="no group for b, c"):
        find_groups(["a", "b", "c"], str(table))


def test_a_table_without_its_columns_says_which(tmp_path):
    table = tmp_path / "groups.csv"
    table.write_text("a,mouse\nb,rat\n")
    with pytest.raises(DataError, match="columns name and group"):
        find_groups(["a"], str(table))


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingError, match=r"absent\.csv"):
        find_groups(["a"], str(tmp_path / "absent.csv"))
