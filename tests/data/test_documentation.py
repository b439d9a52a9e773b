"""The recipes in docs/data.md are right, and it names every layout, split, sampling, augmentation and download."""

import re
from pathlib import Path

import pytest
import yaml

from volumen.config import read_recipe
from volumen.data import list_data
from volumen.registry import list_names

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("text", [line for recipe in RECIPES for line in re.split(r"(?m)^(?=data:)", recipe) if line])
def test_every_recipe_is_right(text):
    data = yaml.safe_load(text)["data"]
    overrides = [f"data.{key}={yaml.safe_dump(value, default_flow_style=True)}" for key, value in data.items()]
    assert read_recipe("scroll-demo", overrides).data.root is None or "root" in data


@pytest.mark.parametrize("kind", ["augmentation", "layout", "sampling", "split"])
def test_every_name_is_explained(kind):
    assert [name for name in list_names(kind) if f"`{name}`" not in TEXT] == []


def test_every_download_is_named():
    assert [data.name for data in list_data() if f"`{data.name}`" not in TEXT] == []
