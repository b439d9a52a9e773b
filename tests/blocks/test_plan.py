import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.blocks import BlockPlan, BlockTask, hash_config, plan_blocks
from volumen.errors import ConfigError, ShapeError
from volumen.geometry import Box

extents = st.tuples(*[st.integers(1, 9)] * 3)


@given(shape=extents, block=extents)
def test_blocks_cover_every_voxel_exactly_once(shape, block):
    counts = np.zeros(shape, int)
    for task in plan_blocks(shape, block, {}).tasks:
        counts[task.box.slices] += 1
    assert (counts == 1).all()


def test_ids_tell_where_a_block_starts():
    plan = plan_blocks((4, 4, 6), (4, 4, 4), {})
    assert [task.id for task in plan.tasks] == ["0_0_0", "0_0_4"]
    assert plan.tasks[1].box == Box((0, 0, 4), (4, 4, 6))


def test_the_hash_does_not_depend_on_the_order_of_keys():
    assert hash_config({"a": 1, "b": {"c": 2, "d": 3}}) == hash_config({"b": {"d": 3, "c": 2}, "a": 1})


def test_the_hash_is_that_of_the_canonical_json():
    import hashlib

    assert hash_config({"b": [1, 2.5], "a": None}) == hashlib.sha256(b'{"a":null,"b":[1,2.5]}').hexdigest()


@pytest.mark.parametrize("other", [{"a": 2}, {"a": 1.0}, {"a": 1, "b": None}, {}])
def test_another_config_has_another_hash(other):
    assert hash_config(other) != hash_config({"a": 1})


def test_another_grid_has_another_hash():
    assert plan_blocks((8, 8, 8), (4, 4, 4), {}).hash != plan_blocks((8, 8, 8), (4, 4, 8), {}).hash


@pytest.mark.parametrize("value", [float("nan"), object(), np.float32(1)])
def test_a_config_holds_plain_finite_values_only(value):
    with pytest.raises(ConfigError, match="plain"):
        hash_config({"a": value})


def test_a_plan_is_plain_data():
    plan = plan_blocks((4, 4, 4), (2, 4, 4), {"a": 1})
    assert json.loads(json.dumps(plan.config)) == plan.config


@pytest.mark.parametrize("ids", [("a", "a"), ("a/b",), ("..",), ("",)])
def test_ids_differ_and_can_name_files(ids):
    with pytest.raises(ShapeError, match="ids"):
        BlockPlan(tuple(BlockTask(name, Box.whole((1, 1, 1))) for name in ids), {})


def test_an_empty_block_is_refused():
    with pytest.raises(ShapeError, match="at least one voxel"):
        plan_blocks((4, 4, 4), (0, 4, 4), {})


def test_blocks_that_cut_through_chunks_are_refused():
    plan_blocks((10, 8, 8), (4, 8, 6), {}, chunks=(2, 8, 3))
    plan_blocks((10, 8, 8), (10, 4, 20), {}, chunks=(64, 4, 64))
    with pytest.raises(ShapeError, match=r"blocks of \(4, 8, 6\) cut through chunks or shards of \(3, 8, 3\)"):
        plan_blocks((10, 8, 8), (4, 8, 6), {}, chunks=(3, 8, 3))
