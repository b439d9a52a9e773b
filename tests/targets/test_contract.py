"""What every target keeps; a new one joins ALL with one line."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.registry import TABLES
from volumen.targets import (
    AffinitiesTarget,
    ArrayTarget,
    BinaryTarget,
    BoundaryTarget,
    CentreOffsetsTarget,
    ClassesTarget,
    DirectionTarget,
    DistanceTarget,
    EmbeddingTarget,
    FlowTarget,
    MedialSurfaceTarget,
    NearestTarget,
    NormalsTarget,
    PolarityTarget,
    ShapeDescriptorsTarget,
    SkeletonDistanceTarget,
    SkeletonTarget,
    StructureTensorTarget,
    Turn,
    list_turns,
)

SHAPE = (12, 12, 12)
IGNORED = -100
STEPS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 2, 0), (2, 0, 0), (0, 0, 2))
CUBES, FLAT = VoxelSize(8, 8, 8), VoxelSize(20, 8, 8)

ALL = {
    "affinities": AffinitiesTarget(offsets=STEPS),
    "affinities-end": AffinitiesTarget(edge="end"),
    "binary": BinaryTarget(),
    "binary-of": BinaryTarget([1, 3]),
    "boundary": BoundaryTarget(),
    "boundary-nm": BoundaryTarget(thickness=17, unit="nm", side="both"),
    "boundary-plane": BoundaryTarget(dimensions=2, side="outside"),
    "boundary-touching": BoundaryTarget(touching=True),
    "centre_offsets": CentreOffsetsTarget(),
    "centre_offsets-plane": CentreOffsetsTarget(dimensions=2, unit="nm"),
    "classes": ClassesTarget(7),
    "direction": DirectionTarget(clip=4.0),
    "direction-plane": DirectionTarget(clip=4.0, dimensions=2),
    "distance": DistanceTarget(clip=3.0),
    "distance-inside": DistanceTarget(side="inside", per_object=True, clip=3.0),
    "distance-open": DistanceTarget(side="outside", unit="nm", scale=8.0),
    "distance-plane": DistanceTarget(clip=3.0, dimensions=2),
    "distance-relative": DistanceTarget(side="inside", per_object=True, relative=True),
    "embedding": EmbeddingTarget(),
    "flow": FlowTarget(clip=3.0),
    "flow-plane": FlowTarget(clip=3.0, dimensions=2),
    "medial_surface": MedialSurfaceTarget(),
    "nearest": NearestTarget(clip=3.0),
    "normals": NormalsTarget(clip=3.0),
    "normals-plane": NormalsTarget(clip=3.0, dimensions=2, band=2.0),
    "polarity": PolarityTarget(),
    "shape_descriptors": ShapeDescriptorsTarget(sigma=1.5),
    "shape_descriptors-plane": ShapeDescriptorsTarget(sigma=1.5, dimensions=2),
    "skeleton": SkeletonTarget(),
    "skeleton-plane": SkeletonTarget(dimensions=2),
    "skeleton_distance": SkeletonDistanceTarget(),
    "structure_tensor": StructureTensorTarget(clip=3.0),
    "structure_tensor-mask": StructureTensorTarget(source="mask"),
    "structure_tensor-plane": StructureTensorTarget(clip=3.0, dimensions=2),
}
# Thinning takes voxels off one side after the other: where a middle lies between voxels, it depends on the side.
THINNED = {"skeleton", "skeleton-plane", "medial_surface", "skeleton_distance"}
# What an object looks like as a whole depends on how much of it a patch shows.
OF_WHOLE_OBJECTS = {"centre_offsets", "centre_offsets-plane", "distance-relative", "distance-open", *THINNED}
# Averages leave out what nobody looked at; everything else says nothing that it could change.
AVERAGES = {name for name in ALL if name.startswith(("normals", "structure", "direction", "nearest", "shape"))}

every = pytest.mark.parametrize("name", ALL)
moved = pytest.mark.parametrize("name", [name for name in ALL if name not in THINNED])


def draw_objects(shape=SHAPE, seed=0, count=6):
    """Boxes that touch, overlap each other's corners and leave the patch."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int64)
    for number in range(1, count + 1):
        start = rng.integers(-2, np.array(shape) - 2)
        stop = start + rng.integers(2, 7, 3)
        labels[tuple(slice(max(0, low), high) for low, high in zip(start, stop, strict=True))] = number
    return torch.from_numpy(labels)[None]


@pytest.fixture
def labels() -> torch.Tensor:
    """Six objects, a corner that nobody looked at."""
    drawn = draw_objects()
    drawn[0, :5, :4, 7:] = IGNORED
    return drawn


def assert_same(one, other, name):
    """Values alike wherever either weighs, weights equal; directions have no sign, embeddings no numbers."""
    assert torch.equal(one.weight, other.weight)
    left, right = (encoded.values * encoded.weight for encoded in (one, other))
    if name.startswith("direction"):
        left, right = (torch.einsum("bizyx,bjzyx->bijzyx", vector, vector) for vector in (left, right))
    if name == "embedding":
        pairs = torch.stack([left.flatten(), right.flatten()]).unique(dim=1)
        assert pairs.shape[1] == len(left.unique()) == len(right.unique())
    else:
        torch.testing.assert_close(left, right, atol=2e-4, rtol=1e-4)


def test_every_registered_target_is_here_or_learns_from_images():
    classes = {type(target).__name__ for target in ALL.values()} | {"ReconstructionTarget"}
    assert {path.partition(":")[2] for path in TABLES["target"].values()} == classes


@every
def test_values_have_the_parts_channels_and_weight_has_one_or_as_many(name, labels):
    target = ALL[name]
    encoded = target.encode(labels, voxel_size=FLAT)
    channels = sum(part.channels for part in target.parts)
    assert encoded.values.shape == (1, channels, *labels.shape[1:])
    assert encoded.weight.shape[1] in {1, channels}
    assert encoded.values.float().isfinite().all()
    assert set(encoded.weight.unique().tolist()) <= {0, 1}


@every
def test_what_nobody_looked_at_weighs_nothing(name, labels):
    weight = ALL[name].encode(labels, voxel_size=FLAT).weight
    assert not weight[(labels == IGNORED)[:, None].expand_as(weight)].any()
    assert weight.any()


@pytest.mark.parametrize("name", [name for name in ALL if name not in AVERAGES | OF_WHOLE_OBJECTS])
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_nothing_is_said_that_an_ignored_voxel_could_change(name, seed):
    whole = draw_objects(seed=seed)
    ignored = whole.clone()
    ignored[0, 3:8, 2:6, 5:9] = IGNORED
    said, true = (ALL[name].encode(each, voxel_size=FLAT) for each in (ignored, whole))
    weight = said.weight.bool().expand_as(said.values)
    if name == "embedding":
        pairs = torch.stack([said.values[weight], true.values[weight]]).unique(dim=1)
        assert pairs.shape[1] == len(said.values[weight].unique())
    else:
        torch.testing.assert_close(said.values[weight], true.values[weight])


@moved
@pytest.mark.parametrize("voxel_size", [CUBES, FLAT], ids=["cubes", "flat"])
def test_encoding_commutes_with_all_48_turns(name, voxel_size, labels):
    target = ALL[name]
    encoded = target.encode(labels, voxel_size=voxel_size)
    in_plane = "plane" in name or name == "affinities-end"
    for turn in list_turns(in_plane=in_plane):
        size = VoxelSize(*turn.permute(tuple(voxel_size)))
        assert_same(target.encode(turn.move(labels), voxel_size=size), target.turn(encoded, turn), name)


@pytest.mark.parametrize("name", sorted(THINNED))
def test_thinned_objects_turn_up_to_a_voxel(name, labels):
    target = ALL[name]
    encoded = target.encode(labels, voxel_size=CUBES)
    for turn in list_turns(in_plane="plane" in name):
        again, expected = target.encode(turn.move(labels), voxel_size=CUBES), target.turn(encoded, turn)
        assert torch.equal(again.weight, expected.weight)
        differing = ((again.values * again.weight).float() - (expected.values * expected.weight).float()).abs() > 0.35
        assert differing.float().mean() < 0.12


@pytest.mark.parametrize("name", [name for name in ALL if name not in OF_WHOLE_OBJECTS])
@pytest.mark.parametrize("voxel_size", [CUBES, FLAT], ids=["cubes", "flat"])
def test_a_patch_with_its_halo_is_a_crop_of_the_whole(name, voxel_size):
    target = ALL[name]
    halo = target.find_halo(voxel_size) if isinstance(target, ArrayTarget) else (0, 0, 0)
    whole = draw_objects((44, 44, 44), seed=3, count=90) % 7
    encoded = target.encode(whole, voxel_size=voxel_size)
    start = [edge + 1 for edge in halo]
    inner = tuple(slice(low, low + 8) for low in start)
    outer = tuple(slice(low - edge, low + 8 + edge) for low, edge in zip(start, halo, strict=True))
    options = {"halo": halo} if isinstance(target, ArrayTarget) else {}
    patch = target.encode(whole[(slice(None), *outer)], voxel_size=voxel_size, **options)
    everything = (slice(None), slice(None))
    expected = encoded._replace(
        values=encoded.values[(*everything, *inner)], weight=encoded.weight[(*everything, *inner)]
    )
    assert_same(patch, expected, name)


@every
@pytest.mark.parametrize("filling", [0, 5, IGNORED])
def test_patches_of_one_value_are_encoded(name, filling):
    encoded = ALL[name].encode(torch.full((2, 4, 5, 6), filling), voxel_size=FLAT)
    assert encoded.values.float().isfinite().all()
    assert filling != IGNORED or not encoded.weight.any()


@every
def test_a_slice_is_encoded(name, labels):
    encoded = ALL[name].encode(labels[:, 5:6], voxel_size=FLAT)
    assert encoded.values.shape[2:] == (1, 12, 12)


@pytest.mark.parametrize("name", [name for name in ALL if name not in {"binary-of", "classes", "polarity"}])
def test_ids_of_64_bits_are_told_apart(name, labels):
    """Ids over 2²⁴ are one another in float32, over 2⁵³ in float64."""
    huge = torch.where(labels > 0, labels + (2**63 - 8), labels)
    encoded, expected = (ALL[name].encode(each, voxel_size=FLAT) for each in (huge, labels))
    assert_same(encoded, expected, name)


@every
def test_a_batch_is_its_patches_one_by_one(name):
    batch = torch.cat([draw_objects(seed=seed) for seed in range(3)])
    together = ALL[name].encode(batch, voxel_size=CUBES)
    for number in range(3):
        alone = ALL[name].encode(batch[number : number + 1], voxel_size=CUBES)
        assert torch.equal(together.values[number], alone.values[0])
        assert torch.equal(together.weight[number], alone.weight[0])


@every
def test_a_negative_label_is_refused_by_name(name):
    with pytest.raises(DataError, match=r"label -1 is not one .* and -100 where nobody looked"):
        ALL[name].encode(torch.full((1, 3, 3, 3), -1), voxel_size=CUBES)


@every
def test_targets_travel_to_other_processes(name, labels):
    again = pickle.loads(pickle.dumps(ALL[name]))
    assert again == ALL[name]
    assert torch.equal(again.encode(labels, voxel_size=FLAT).values, ALL[name].encode(labels, voxel_size=FLAT).values)


@every
def test_what_a_head_needs_to_know_travels_as_plain_data(name):
    target = ALL[name]
    spec = HeadSpec(
        "head", target.channels, target.activations[0], "x", affinities=target.affinities, lengths=target.lengths
    )
    assert HeadSpec.from_dict(spec.to_dict()) == spec


@every
def test_turning_back_gives_what_was_there(name, labels):
    target = ALL[name]
    encoded = target.encode(labels, voxel_size=CUBES)
    turn, back = Turn((0, 2, 1), (True, False, False)), Turn((0, 2, 1), (True, False, False))
    there_and_back = target.turn(target.turn(encoded, turn), back)
    kept = there_and_back.weight.bool()
    same = encoded.weight.bool() & kept
    assert torch.equal(kept, same)
    values = kept.expand_as(encoded.values)
    np.testing.assert_allclose(there_and_back.values[values], encoded.values[values], atol=1e-5)


@pytest.mark.gpu
@every
def test_labels_on_a_gpu_give_what_they_give_on_the_processor(name, labels):
    on_gpu = ALL[name].encode(labels.cuda(), voxel_size=FLAT)
    assert on_gpu.values.is_cuda
    there = type(on_gpu)(on_gpu.values.cpu(), on_gpu.weight.cpu())
    assert_same(there, ALL[name].encode(labels, voxel_size=FLAT), name)
