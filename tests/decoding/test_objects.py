"""Watershed, votes, flow and clusters where predictions are not perfect."""

import numpy as np
import pytest

from volumen.config import Component
from volumen.decoding import (
    CentreVotes,
    CleanUp,
    EmbeddingClusters,
    FlowComponents,
    HeadMap,
    PolarityPairs,
    Watershed,
)
from volumen.errors import ConfigError
from volumen.heads import HeadSpec, LengthSpec


def make_map(values, target="binary", lengths=None):
    values = np.asarray(values, np.float32)
    values = values if values.ndim == 4 else values[None]
    return HeadMap(values, HeadSpec("head", len(values), "none", target, lengths=lengths))


def spread(row):
    """A row as a volume of 5 × 5 × n."""
    return np.broadcast_to(np.asarray(row, np.float32), (5, 5, len(row))).copy()


def test_seeds_grow_to_where_the_boundary_is_highest():
    maps = {
        "binary": make_map(spread(np.ones(9))),
        "boundary": make_map(spread([0, 0, 0.6, 0.8, 0.95, 0.7, 0.6, 0, 0])),
    }
    labels = Watershed()(maps)[2, 2]
    assert labels[:4].tolist() == [1] * 4
    assert labels[5:].tolist() == [2] * 4


def test_seeds_must_be_foreground_and_deep_and_large_enough():
    binary = make_map(spread([1, 1, 1, 0.6, 1, 1, 1, 1]))
    boundary = make_map(spread([0, 0, 0.9, 0.9, 0.9, 0, 0, 0]))
    deep = make_map(spread([1, 1, 0, 0, 0, 3, 3, 3]), "distance", LengthSpec(side="inside"))
    maps = {"binary": binary, "boundary": boundary, "distance": deep}
    assert Watershed()(maps).max() == 2
    assert Watershed(seed_distance=2)(maps).max() == 1
    assert Watershed(seed_size=60)(maps).max() == 1
    assert Watershed(seed_boundary=0.95, seed_foreground=0.7)(maps).max() == 2


def test_foreground_that_no_seed_reaches_is_an_object_of_its_own():
    maps = {"binary": make_map(spread([1, 1, 1, 0, 1, 0])), "boundary": make_map(spread([0, 0, 0, 0, 1, 0]))}
    assert Watershed()(maps)[0, 0].tolist() == [1, 1, 1, 0, 2, 0]


def test_without_boundaries_objects_are_cut_where_the_distance_has_a_pass():
    deep = [0, 1, 2, 3, 2, 1, 2, 3, 2, 1, 0]
    maps = {"distance": make_map(spread(deep), "distance", LengthSpec(side="inside"))}
    assert Watershed()(maps).max() == 2
    assert Watershed(depth=2.5)(maps).max() == 1
    signed = {
        "distance": make_map(spread([-10 * each + 5 for each in deep]), "distance", LengthSpec("nm", 0.1, "signed"))
    }
    assert np.array_equal(Watershed()(signed) > 0, spread(deep) > 0)


def test_distances_outside_objects_are_no_seeds():
    maps = {"distance": make_map(spread([1, 2]), "distance", LengthSpec(side="outside"))}
    with pytest.raises(ConfigError, match="gives distances outside objects; watershed needs those inside"):
        Watershed()(maps)


def test_votes_that_scatter_meet_at_two_centres(rng):
    mask = np.zeros((9, 9, 24), bool)
    mask[2:7, 2:7, 2:10], mask[2:7, 2:7, 12:20] = True, True
    centres = np.where(np.arange(24) < 11, 5.5, 15.5)
    places = np.indices(mask.shape)
    steps = np.stack([4 - places[0], 4 - places[1], centres - places[2]]) + rng.normal(0, 0.7, (3, *mask.shape))
    maps = {"head": make_map(steps, "centre_offsets", LengthSpec()), "foreground": make_map(mask)}
    labels = CentreVotes(radius=3, votes=20)(maps)
    assert labels.max() == 2
    assert len(np.unique(labels[2:7, 2:7, 2:10])) == len(np.unique(labels[2:7, 2:7, 12:20])) == 1


def test_too_few_votes_are_no_centre():
    maps = {
        "head": make_map(np.zeros((3, 1, 1, 2)), "centre_offsets", LengthSpec()),
        "foreground": make_map(spread([1])[:1, :1].repeat(2, 2)),
    }
    assert not CentreVotes(votes=50)(maps).any()


def test_voxels_that_flow_apart_are_parted_and_those_side_by_side_are_not():
    flow = np.zeros((3, 1, 2, 6), np.float32)
    flow[2] = [1, -1, -1, 1, 1, -1]
    maps = {"head": make_map(flow, "flow"), "foreground": make_map(np.ones((1, 2, 6)))}
    assert FlowComponents()(maps)[0].tolist() == [[1, 1, 1, 2, 2, 2]] * 2
    assert FlowComponents(apart=2)(maps).max() == 1


def test_strays_of_a_cluster_go_to_the_nearest_that_is_large_enough():
    places = np.array([0, 0.1, 0.2, 0.9, 3, 3.1, 2.9, 3]).reshape(1, 1, 1, 8)
    maps = {"head": make_map(places, "embedding"), "foreground": make_map(np.ones((1, 1, 8)))}
    assert EmbeddingClusters()(maps).ravel().tolist() == [1, 1, 1, 2, 3, 3, 3, 3]
    assert EmbeddingClusters(size=2)(maps).ravel().tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    assert not EmbeddingClusters(size=9)(maps).any()


def test_clusters_of_no_foreground_are_none():
    maps = {"head": make_map(np.zeros((2, 2, 2, 2)), "embedding"), "foreground": make_map(np.zeros((2, 2, 2)))}
    assert not EmbeddingClusters()(maps).any()
    votes = {"head": make_map(np.zeros((3, 2, 2, 2)), "centre_offsets", LengthSpec()), "foreground": maps["foreground"]}
    assert not CentreVotes()(votes).any()


def test_a_voxel_of_a_synapse_is_on_the_likelier_side():
    values = np.zeros((3, 1, 1, 4), np.float32)
    values[:, 0, 0] = [[0.6, 0.6, 0, 0.9], [0.4, 0.7, 0, 0.1], [0.9, 0.9, 0.1, 0.9]]
    assert PolarityPairs()({"head": make_map(values, "polarity")}).tolist() == [[[1, 2, 0, 3]]]


def test_a_callers_threshold_replaces_what_makes_a_mask_and_sets_that_of_what_makes_objects():
    wanted = CleanUp(threshold=0.3)
    assert wanted.change([Component(name="argmax")]) == (Component(name="threshold", options={"value": 0.3}),)
    [changed] = wanted.change([Component(name="affinity_components", options={"reach": 2})])
    assert changed == Component(name="affinity_components", options={"reach": 2, "threshold": 0.3})
