import pytest

from volumen.config import DataSection, read_recipe
from volumen.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "nbytes"),
    [
        (0, 0),
        (5000, 5000),
        ("5000", 5000),
        ("4G", 4 * 2**30),
        ("1.5 GiB", 3 * 2**29),
        ("500mb", 500 * 2**20),
        ("2 k", 2048),
    ],
)
def test_a_size_is_a_number_or_has_a_unit(given, nbytes):
    assert DataSection(cache_bytes=given).cache_bytes == nbytes


@pytest.mark.parametrize("given", ["much", "4X", "-1G", "1.2.3G", "", "G", -5, 1.5, None, "99999999999999999999Q"])
def test_anything_else_is_no_size(given):
    with pytest.raises(ConfigError, match=r"data\.cache_bytes"):
        read_recipe("scroll-demo", [f"data.cache_bytes={'null' if given is None else repr(given)}"])


def test_a_size_is_written_down_in_bytes():
    assert read_recipe("scroll-demo", ["data.cache_bytes=4G"]).to_dict()["data"]["cache_bytes"] == 4 * 2**30
