"""What targets encode, decoders decode: a perfect prediction gives the truth."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.config import Component
from volumen.decoding import Source, decode_heads
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.morphology import label_components, relabel
from volumen.registry import TABLES, load_named
from volumen.targets import (
    AffinitiesTarget,
    BinaryTarget,
    BoundaryTarget,
    CentreOffsetsTarget,
    ClassesTarget,
    DistanceTarget,
    EmbeddingTarget,
    FlowTarget,
    PolarityTarget,
)

NEAR = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
SKEW = ((1, 0, 0), (0, -1, 0), (0, 0, 1), (1, 1, 0), (0, -1, -1), (-1, 1, 1))
FAR = (*NEAR, (2, 0, 0), (0, 3, 0), (0, 0, 3), (-2, 3, 0), (0, 3, -3))


def describe(name, target, kind):
    return HeadSpec(
        name, target.channels, target.activations[0], kind, affinities=target.affinities, lengths=target.lengths
    )


def predict(labels, voxel_size=None, **targets):
    """What a perfect network would give for each head."""
    kinds = {path.partition(":")[2]: kind for kind, path in TABLES["target"].items()}
    arrays, heads = {}, []
    for name, target in targets.items():
        encoded = target.encode(torch.from_numpy(labels.astype(np.int64))[None], voxel_size=voxel_size)
        arrays[name] = encoded.values[0].float().numpy()
        heads.append(describe(name, target, kinds[type(target).__name__]))
    return Source(arrays.__getitem__, heads, voxel_size=voxel_size)


def decode(source, *steps):
    return decode_heads(source, [Component.model_validate(step) for step in steps]).labels


def assert_same_objects(decoded, labels):
    pairs = np.unique(np.stack([decoded.ravel().astype(np.int64), labels.ravel().astype(np.int64)]), axis=1)
    assert pairs.shape[1] == len(np.unique(decoded)) == len(np.unique(labels)), pairs.T.tolist()
    assert [0, 0] in pairs.T.tolist() or (decoded > 0).all()


def draw_pieces(seed, shape=(7, 8, 9), count=5):
    """Objects that hang together through faces, touch each other and have more than one voxel."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros(shape, np.int64)
    for number in range(1, count + 1):
        start = rng.integers(0, np.array(shape) - 2)
        drawn[tuple(slice(low, low + extent) for low, extent in zip(start, rng.integers(2, 6, 3), strict=True))] = (
            number
        )
    pieces = label_components(drawn, 6).astype(np.int64)
    sizes = np.bincount(pieces.ravel())
    return relabel(np.where(sizes[pieces] > 1, pieces, 0)).astype(np.int64)


def draw_balls(gap=0, radii=(3, 4, 3)):
    """Balls in a row that touch, or stand apart."""
    grid = np.indices((12, 12, 44))
    labels, edge = np.zeros((12, 12, 44), np.int64), 1
    for number, radius in enumerate(radii, start=1):
        centre = np.array([6, 6, edge + radius]).reshape(3, 1, 1, 1)
        labels[((grid - centre) ** 2).sum(0) <= radius**2] = number
        edge += 2 * radius + 1 + gap
    return labels


@pytest.mark.parametrize("edge", ["start", "end"])
@pytest.mark.parametrize("offsets", [NEAR, SKEW, FAR, tuple((-z, -y, -x) for z, y, x in NEAR)])
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_affinities_of_any_offsets_and_either_convention_decode_to_the_truth(offsets, edge, seed):
    labels = draw_pieces(seed)
    source = predict(labels, near=AffinitiesTarget(offsets=offsets, edge=edge))
    assert_same_objects(decode(source, "affinity_components"), labels)
    assert_same_objects(decode(source, {"name": "affinity_components", "reach": None}), labels)
    assert_same_objects(decode(source, "mutex_watershed"), labels)


def test_touching_boxes_are_two_objects_not_eleven():
    """PyTC stores the edge (v − 1, v) at v and reads it as (v, v + 1): eleven objects; and without numba, one."""
    labels = np.zeros((6, 8, 10), np.int64)
    labels[1:5, 1:7, 1:5], labels[1:5, 1:7, 5:9] = 1, 2
    for edge in ("start", "end"):
        assert_same_objects(decode(predict(labels, near=AffinitiesTarget(edge=edge)), "affinity_components"), labels)


def test_objects_that_meet_at_edges_and_corners_stay_apart():
    labels = np.zeros((4, 4, 4), np.int64)
    labels[:2, :2, :2], labels[2:, 2:, 2:], labels[:2, 2:, 2:] = 1, 2, 3
    source = predict(labels, near=AffinitiesTarget(offsets=FAR))
    assert_same_objects(decode(source, "affinity_components"), labels)
    assert_same_objects(decode(source, "mutex_watershed"), labels)


def test_single_voxels_are_objects_where_a_head_says_what_is_foreground():
    labels = np.zeros((3, 3, 3), np.int64)
    labels[0, 0, 0], labels[0, 0, 1], labels[2] = 1, 2, 3
    source = predict(labels, near=AffinitiesTarget(), mask=BinaryTarget())
    for step in ("affinity_components", "mutex_watershed"):
        assert_same_objects(decode(source, {"name": step, "foreground": "mask"}), labels)


def test_a_piece_of_an_object_behind_a_gap_is_found_by_long_offsets():
    labels = np.zeros((3, 3, 12), np.int64)
    labels[1, 1, :4] = labels[1, 1, 6:9] = 1
    source = predict(labels, near=AffinitiesTarget(offsets=(*NEAR, (0, 0, 3))))
    assert_same_objects(decode(source, {"name": "affinity_components", "reach": None}), labels)
    assert decode(source, "affinity_components").max() == 2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_embeddings_decode_to_the_truth(seed):
    labels = draw_pieces(seed)
    codes = np.random.default_rng(seed).permutation(np.eye(8) * 1.5)[: labels.max() + 1]
    source = predict(labels, mask=BinaryTarget())
    spec = describe("place", EmbeddingTarget(channels=8), "embedding")
    noise = np.random.default_rng(seed).normal(0, 0.05, (8, *labels.shape))
    arrays = {"place": np.moveaxis(codes[labels], -1, 0) + noise, "mask": source.read("mask")}
    decoded = decode(Source(arrays.__getitem__, [spec, *source.heads]), "embedding_clusters")
    assert_same_objects(decoded, labels)


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize(
    ("step", "heads"),
    [
        ({"name": "watershed"}, {"mask": BinaryTarget(), "rim": BoundaryTarget()}),
        (
            {"name": "watershed", "seed_distance": 0.5},
            {
                "mask": BinaryTarget(),
                "rim": BoundaryTarget(),
                "deep": DistanceTarget(side="inside", per_object=True, relative=True),
            },
        ),
        ({"name": "watershed"}, {"mask": BinaryTarget(), "deep": DistanceTarget(side="inside", per_object=True)}),
        ({"name": "watershed"}, {"deep": DistanceTarget(side="inside", per_object=True)}),
        ({"name": "flow_components"}, {"flow": FlowTarget(), "mask": BinaryTarget()}),
        ({"name": "centre_votes"}, {"centre": CentreOffsetsTarget(scale=4.0), "mask": BinaryTarget()}),
        ({"name": "centre_votes"}, {"centre": CentreOffsetsTarget(unit="nm"), "mask": BinaryTarget()}),
    ],
    ids=["boundary", "all-three", "distance", "distance-alone", "flow", "offsets", "offsets-nm"],
)
def test_balls_that_touch_or_not_decode_to_the_truth(step, heads, gap):
    labels = draw_balls(gap)
    decoded = decode(predict(labels, VoxelSize(30, 8, 8), **heads), step)
    assert_same_objects(decoded, labels)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_objects_of_two_voxels_and_more_decode_from_flow(seed):
    labels = draw_pieces(seed, shape=(5, 6, 7), count=4).repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert_same_objects(decode(predict(labels, flow=FlowTarget(), mask=BinaryTarget()), "flow_components"), labels)


@pytest.mark.parametrize(
    "target",
    [
        DistanceTarget(),
        DistanceTarget(side="inside", unit="nm", scale=8.0),
        DistanceTarget(side="outside", unit="nm", scale=8.0),
        DistanceTarget(clip=3.0, scale=3.0),
    ],
    ids=["signed", "inside", "outside", "clipped"],
)
def test_distances_decode_to_the_mask(target):
    labels = draw_pieces(0)
    decoded = decode(predict(labels, VoxelSize(30, 8, 8), deep=target), "distance_mask")
    np.testing.assert_array_equal(decoded, labels > 0)


def test_masks_and_classes_decode_to_themselves():
    labels = draw_pieces(0) % 4
    np.testing.assert_array_equal(decode(predict(labels, mask=BinaryTarget()), "threshold"), labels > 0)
    np.testing.assert_array_equal(decode(predict(labels, kind=ClassesTarget(4)), "argmax"), labels)


def test_both_sides_of_synapses_decode_to_the_truth():
    labels = np.zeros((4, 6, 12), np.int64)
    labels[1:3, 1:5, 1:3], labels[1:3, 1:5, 3:5], labels[1:3, 1:5, 7:9], labels[1:3, 1:5, 9:11] = 1, 2, 3, 4
    np.testing.assert_array_equal(decode(predict(labels, side=PolarityTarget()), "polarity_pairs"), labels)


def test_every_default_decoder_reads_what_its_target_gives():
    """Where a decoder needs foreground too, a recipe has a head of it."""
    options = {"ClassesTarget": {"classes": 7}}
    labels = draw_pieces(0, shape=(6, 7, 8))
    for kind in TABLES["target"]:
        made = load_named("target", kind)
        if made.decoding and kind not in {"embedding", "reconstruction"}:
            target = made(**options.get(made.__name__, {}))
            heads = {"one": target, "mask": BinaryTarget()}
            decoded = decode(predict(labels, **heads), *made.decoding)
            assert decoded.shape == labels.shape


def test_sections_of_flow_and_offsets_in_the_plane_stay_apart():
    labels = np.zeros((3, 7, 12), np.int64)
    labels[:, 1:6, 1:6], labels[:, 1:6, 6:11] = 1, 2
    apart = labels + np.array([0, 2, 4])[:, None, None] * (labels > 0)
    mask = BinaryTarget()
    flow = predict(labels, flow=FlowTarget(dimensions=2), mask=mask)
    centre = predict(labels, centre=CentreOffsetsTarget(dimensions=2), mask=mask)
    assert_same_objects(decode(flow, "flow_components"), apart)
    assert_same_objects(decode(centre, "centre_votes"), apart)
