import numpy as np
import pytest
import torch

from volumen.config import Component, check_component
from volumen.errors import ConfigError, ShapeError
from volumen.heads import AffinitySpec
from volumen.targets import AffinitiesTarget, Turn

LABELS = torch.tensor([1, 1, 2, 2, 0, 0, -100, 3]).view(1, 1, 1, 8)
KNOWN = [True, True, True, True, True, False, False, False]


def read(target, labels=LABELS):
    encoded = target.encode(labels)
    return encoded.values[0, :, 0, 0].int().tolist(), encoded.weight[0, :, 0, 0].tolist()


def test_the_value_of_a_pair_stands_at_its_start():
    values, weight = read(AffinitiesTarget(offsets=[[0, 0, 1]]))
    assert values == [[1, 0, 1, 0, 0, 0, 0, 0]]
    assert weight == [KNOWN]


def test_or_at_its_end_one_voxel_on():
    """PyTC keeps the edge (v − 1, v) at v in one place and reads it as (v, v + 1) in another."""
    values, weight = read(AffinitiesTarget(offsets=[[0, 0, 1]], edge="end"))
    assert values == [[0, 1, 0, 1, 0, 0, 0, 0]]
    assert weight == [[False, True, True, True, True, True, False, False]]


def test_a_backward_offset_kept_at_its_end_is_a_forward_one_kept_at_its_start():
    forward, backward = AffinitiesTarget(offsets=[[0, 0, 1]]), AffinitiesTarget(offsets=[[0, 0, -1]], edge="end")
    assert read(forward) == read(backward)


def test_background_belongs_to_nothing_and_pairs_that_leave_the_patch_are_not_known():
    values, weight = read(AffinitiesTarget(offsets=[[0, 0, 3], [0, 0, 9]]), torch.tensor([5, 0, 0, 5]).view(1, 1, 1, 4))
    assert values == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert weight == [[True, False, False, False], [False] * 4]


@pytest.mark.parametrize("edge", ["start", "end"])
def test_affinities_agree_with_a_loop_over_voxels(rng, edge):
    offsets = [(1, 0, 0), (0, -2, 1), (-1, 3, 0)]
    labels = rng.integers(0, 3, (4, 5, 6))
    encoded = AffinitiesTarget(offsets=offsets, edge=edge).encode(torch.from_numpy(labels)[None])
    for channel, offset in enumerate(offsets):
        for voxel in np.ndindex(labels.shape):
            start = voxel if edge == "start" else tuple(np.subtract(voxel, offset))
            stop = tuple(np.add(start, offset))
            inside = all(0 <= at < extent for at, extent in zip((*start, *stop), labels.shape * 2, strict=True))
            assert encoded.weight[(0, channel, *voxel)] == inside
            if inside:
                assert encoded.values[(0, channel, *voxel)] == (labels[start] == labels[stop] > 0)


def test_an_affinity_that_is_mirrored_moves_to_the_other_end_of_its_pair():
    """PyTC's test-time flips average each affinity with that of the pair one voxel away."""
    target = AffinitiesTarget(offsets=[[0, 0, 1]])
    labels = torch.tensor([1, 1, 2, 2, 2]).view(1, 1, 1, 5)
    encoded, flip = target.encode(labels), Turn(flips=(False, False, True))
    assert flip.move(encoded.values).flatten().int().tolist() == [0, 1, 1, 0, 1]
    assert target.turn(encoded, flip).values.flatten().int().tolist() == [1, 1, 0, 1, 0]
    assert read(target, labels.flip(3))[0] == [[1, 1, 0, 1, 0]]


def test_the_halo_is_the_farthest_offset():
    assert AffinitiesTarget(offsets=[[-3, 0, 0], [0, 27, 0], [1, 0, -9]]).find_halo(None) == (3, 27, 9)


def test_the_spec_says_what_decoders_need():
    target = AffinitiesTarget(offsets=[[0, 0, -3]], edge="end")
    assert target.affinities == AffinitySpec(((0, 0, -3),), "end")
    assert target.affinities.reaches == ((0, 0, 3),)


def test_a_turn_that_would_need_other_pairs_is_refused():
    target = AffinitiesTarget(offsets=[[1, 0, 0], [0, 3, 0]])
    encoded = target.encode(torch.ones(1, 4, 4, 4, dtype=torch.int64))
    with pytest.raises(ShapeError, match="a turn needs the affinity"):
        target.turn(encoded, Turn((1, 0, 2)))
    with pytest.raises(ShapeError, match="right angles only"):
        target.rotate(encoded.values.float(), torch.eye(3))


@pytest.mark.parametrize("offsets", [[[0, 0]], [[0, 0, 1.5]], [], "far"])
def test_recipes_are_told_of_offsets_that_are_none(offsets):
    assert check_component("target", Component(name="affinities", options={"offsets": offsets}))


def test_an_offset_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="not all zero"):
        AffinitySpec.parse([[0, 0, 1], [0, 0, 0]])
