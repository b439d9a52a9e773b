from pathlib import Path

import pytest

from volumen.blocks import BlockPlan, plan_blocks


@pytest.fixture
def plan() -> BlockPlan:
    return plan_blocks((10, 8, 8), (4, 8, 8), {"model": {"sha": "abc"}, "overlap": 0.25})


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"
