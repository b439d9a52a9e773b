import itertools

import numpy as np
import pytest
from boundary_matrices import match_by_the_book

from volumen.errors import ShapeError
from volumen.morphology import match_features, matching, measure_topology


def draw_pairs(seed: int, count: int, most: int):
    """Random masks of any density, near copies of some, and boxes with few holes."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        shape = rng.integers(rng.integers(1, most), most + 1, 3)
        one = rng.random(shape) < rng.uniform(0.1, 0.95)
        yield one, rng.random(shape) < rng.uniform(0.1, 0.95)
        yield one, one ^ (rng.random(shape) < rng.uniform(0, 0.3))
        box = np.pad(rng.random(rng.integers(1, most - 1, 3)) < 0.7, 1, constant_values=True)
        yield box, box ^ (rng.random(box.shape) < 0.05)


def place_blobs(*places: int) -> np.ndarray:
    """Single voxels along the first axis."""
    mask = np.zeros((9, 1, 1), bool)
    mask[list(places)] = True
    return mask


def place_rings(*places: int, across: int = 0) -> np.ndarray:
    """Flat rings, each with one tunnel, at places along an axis."""
    mask = np.zeros((9, 3, 3), bool)
    mask[list(places)] = True
    mask[:, 1, 1] = False
    return np.moveaxis(mask, 0, across)


@pytest.mark.parametrize("seed", range(4))
def test_matches_are_those_of_whole_boundary_matrices(seed):
    for one, other in draw_pairs(seed, 80, 4):
        assert match_features(one, other) == match_by_the_book(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 102))
def test_matches_are_those_of_whole_boundary_matrices_in_larger_boxes(seed):
    for one, other in draw_pairs(seed, 50, 7):
        assert match_features(one, other) == match_by_the_book(one, other)


@pytest.mark.parametrize("longest", [0, 1, 2])
def test_sums_that_are_cut_short_change_nothing(longest, monkeypatch, rng):
    pairs = [(rng.random((12, 13, 14)) < density, rng.random((12, 13, 14)) < density) for density in (0.5, 0.6, 0.7)]
    whole = [match_features(*pair) for pair in pairs]
    monkeypatch.setattr(matching, "LONGEST", longest)

    assert [match_features(*pair) for pair in pairs] == whole
    for one, other in draw_pairs(50, 30, 4):
        assert match_features(one, other) == match_by_the_book(one, other)


def test_the_pairs_that_are_compared_have_matches_of_every_kind():
    matched = [[match_features(*pair)[k][0] for k in range(3)] for pair in draw_pairs(0, 100, 4)]

    assert min(np.count_nonzero(matched, axis=0)) > 5


def test_a_mask_matches_itself_in_every_feature(rng):
    for density in (0.1, 0.4, 0.7, 0.95):
        mask = rng.random((10, 11, 12)) < density
        topology = measure_topology(mask, 6)
        own = (max(topology.components - 1, 0), topology.tunnels, topology.cavities)

        assert match_features(mask, mask) == {k: (own[k],) * 3 for k in range(3)}


def test_exchanging_the_masks_exchanges_their_counts(rng):
    for density in (0.3, 0.6, 0.9):
        one = rng.random((16, 15, 14)) < density
        other = one ^ (rng.random(one.shape) < 0.1)

        exchanged = {k: (matched, b, a) for k, (matched, a, b) in match_features(other, one).items()}

        assert match_features(one, other) == exchanged


def test_one_component_is_not_counted():
    assert match_features(place_blobs(2), place_blobs())[0] == (0, 0, 0)
    assert match_features(place_blobs(2, 5), place_blobs(2, 5))[0] == (1, 1, 1)
    assert match_features(place_blobs(2, 5), place_blobs(3, 5))[0] == (1, 1, 1)  # 2 and 3 touch: one piece of the union


def test_a_flip_can_change_what_matches():
    # pieces of the union along the first axis: one only, other only, both; the part that grows from the first voxel
    # holds both masks when it meets the third. From the other end there is no such meeting until the last piece.
    one, other = place_blobs(0, 4), place_blobs(2, 4)

    assert match_features(one, other)[0] == (1, 1, 1)
    assert match_features(one[::-1].copy(), other[::-1].copy())[0] == (0, 1, 1)


@pytest.mark.parametrize("across", range(3))
def test_rings_match_where_their_union_keeps_the_tunnel(across):
    def match(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, int, int]:
        return match_features(place_rings(*one, across=across), place_rings(*other, across=across))[1]

    assert match((2,), (2,)) == (1, 1, 1)
    assert match((2,), (3,)) == (1, 1, 1)  # a tube of two rings
    assert match((2,), (5,)) == (0, 1, 1)
    assert match((2, 5), (2, 5, 7)) == (2, 2, 3)


def test_a_tunnel_that_the_other_mask_plugs_is_lost():
    ring = place_rings(4)
    plugged = ring.copy()
    plugged[4, 1, 1] = True

    assert match_features(ring, plugged)[1] == (0, 1, 0)


def test_cavities_match_where_their_union_keeps_one():
    shell = np.ones((5, 5, 8), bool)
    shell[1:4, 1:4, 1:4] = False
    smaller, other_end = np.ones_like(shell), np.ones_like(shell)
    smaller[1:3, 1:4, 2:4] = False
    other_end[2, 2, 5] = False

    assert match_features(shell, smaller)[2] == (1, 1, 1)
    assert match_features(shell, other_end)[2] == (0, 1, 1)
    assert match_features(shell & other_end, smaller)[2] == (1, 2, 1)


@pytest.mark.parametrize("shape", [(0, 3, 3), (1, 1, 1), (1, 6, 7), (6, 1, 7), (6, 7, 1)])
def test_boxes_without_depth_are_no_special_case(shape, rng):
    one = rng.random(shape) < 0.6

    assert match_features(one, one)[1] == (measure_topology(one, 6).tunnels,) * 3
    for dimension, counts in match_features(one, np.zeros_like(one)).items():
        assert counts == (0, match_features(one, one)[dimension][1], 0)


def test_arrays_in_any_memory_order_give_the_same(rng):
    one, other = (rng.random((7, 8, 9)) < 0.6 for _ in range(2))
    expected = match_features(one, other)

    for order in itertools.permutations(range(3)):
        turned = [np.ascontiguousarray(mask.transpose(order)).transpose(np.argsort(order)) for mask in (one, other)]
        assert match_features(*turned) == expected


def test_shapes_that_differ_are_refused():
    mask = np.zeros((2, 3, 4), bool)

    with pytest.raises(ShapeError, match=r"\(2, 3, 4\) and \(2, 3, 5\)"):
        match_features(mask, np.zeros((2, 3, 5), bool))
