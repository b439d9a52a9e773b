import pytest

from volumen.config.plain_yaml import format_yaml, parse_yaml, read_mapping
from volumen.errors import ConfigError, FormatError, MissingError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("3e5", 3e5),
        (".5", 0.5),
        ("12", 12),
        ("0x10", 16),
        ("007", 7),
        ("yes", "yes"),
        ("off", "off"),
        ("12:30", "12:30"),
        ("true", True),
        ("null", None),
        ("", None),
        ("1_000", "1_000"),
        ("32-true", "32-true"),
        ("2026-01-11", "2026-01-11"),
    ],
)
def test_scalars_read_as_yaml_1_2_says(text, value):
    assert parse_yaml(text, "here") == value
    assert type(parse_yaml(text, "here")) is type(value)


def test_a_key_given_twice_is_an_error_with_its_line():
    with pytest.raises(ConfigError, match=r"here, line 2: not YAML: the key 'a' is twice"):
        parse_yaml("a: 1\na: 2", "here")


def test_yaml_is_data_only():
    with pytest.raises(ConfigError, match="not YAML"):
        parse_yaml("!!python/object/apply:os.system ['true']", "here")


def test_what_is_written_reads_back_the_same():
    values = {"lr": 1e-5, "big": 1e20, "names": ["a", "1e-4", "yes", None], "nested": {"shape": [1, 2, 3], "on": True}}
    assert parse_yaml(format_yaml(values), "here") == values


def test_files_that_are_no_recipe_are_said_so(tmp_path):
    with pytest.raises(MissingError, match="there is no file"):
        read_mapping(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(ConfigError, match="a recipe is a mapping"):
        read_mapping(tmp_path / "list.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="cannot be read as a text file"):
        read_mapping(tmp_path / "binary.yaml")
