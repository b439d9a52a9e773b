"""What docs/networks.md says of networks is so."""

import inspect
from pathlib import Path

from volumen.geometry import VoxelSize
from volumen.networks import plan_network
from volumen.registry import list_names, load_named

TEXT = (Path(__file__).parents[2] / "docs" / "networks.md").read_text()


def test_every_network_and_every_option_is_named():
    names = list_names("network")
    options = {option for name in names for option in inspect.signature(load_named("network", name)).parameters}
    assert [name for name in (*names, *sorted(options)) if f"`{name}`" not in TEXT] == []


def test_the_table_is_what_the_planner_prints():
    assert str(plan_network((32, 128, 128), voxel_size=VoxelSize(30.0, 8.0, 8.0))) in TEXT
