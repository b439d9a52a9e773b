import json

from hypothesis import given
from hypothesis import strategies as st

from volumen.blocks import plan_blocks
from volumen.blocks.plan import describe_difference
from volumen.geometry import Box

SHAPES = st.tuples(*[st.integers(1, 20)] * 3)


@given(shape=SHAPES, block=SHAPES)
def test_blocks_cover_every_voxel_once(shape, block):
    volume = Box.whole(shape)
    plan = plan_blocks(shape, block, {})
    assert sum(task.box.size for task in plan.tasks) == volume.size
    assert all(volume.contains(task.box) for task in plan.tasks)
    assert len({task.id for task in plan.tasks}) == len(plan.tasks)


def test_the_hash_follows_the_settings_and_not_their_order():
    first, second, other = (
        plan_blocks((4, 4, 4), (2, 2, 2), config) for config in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3})
    )
    assert first.hash == second.hash != other.hash


def test_a_difference_names_the_path_and_both_values():
    old = {"tile": {"overlap": 32}, "kept": json.loads("[1, 2]"), "gone": 1}
    new = {"tile": {"overlap": 64}, "kept": [1, 2], "more": 2}
    assert describe_difference(old, new) == "tile.overlap: 32 → 64, gone: 1 → None, more: None → 2"
