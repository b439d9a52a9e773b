from pathlib import Path

import pytest

from volumen.registry import TABLES

PAGE = Path(__file__).parents[2] / "docs/losses.md"


@pytest.mark.parametrize("name", [*TABLES["loss"], *TABLES["balance"]])
def test_every_loss_and_balance_is_described(name):
    assert f"`{name}`" in PAGE.read_text()
