"""Centrelines of labelled objects as trees of points: the skeletons of neurites, vessels, fibres."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64, Integer

from volumen.errors import DataError
from volumen.morphology.components import label_components

ROUNDS = 5


@dataclass(frozen=True)
class Centrelines:
    """Trees of points, one or more an object.

    Args:
        points: z y x in the unit of the sampling; the first voxel's outer corner is 0, its centre half an edge.
        edges: pairs of places in `points`.
        labels: the object of each point.
    """

    points: Float64[np.ndarray, "points 3"]
    edges: Int64[np.ndarray, "edges 2"]
    labels: Integer[np.ndarray, " points"]


def trace_centrelines(
    labels: Integer[np.ndarray, "z y x"],
    sampling: Sequence[float | int] = (1, 1, 1),
    *,
    scale: float | int = 2.0,
    constant: float | int = 0.0,
) -> Centrelines:
    """A tree along the middle of each 26-connected component of each label; 0 is background.

    After TEASAR (Sato 2000): ways lead from one end of the object over its voxels, a step costing its length over the
    fourth power of the distance to the border, so that they keep to the middle; the way to the farthest voxel is the
    first branch, then that to the farthest one that no branch reaches, and so on. A branch reaches as far inside the
    object as `scale` times the distance to the border there plus `constant`. Bends of the voxel grid are then smoothed,
    as far as points stay in voxels of their object. Trees have no loops. What touches a face of the volume counts as
    going on beyond it. Holds some 40 bytes a voxel.

    Args:
        labels: objects.
        sampling: edges of a voxel, z first.
        scale: how far a branch reaches, in distances to the border.
        constant: how much farther, in the unit of the sampling; shorter side branches are left out.
    """
    from volumen.morphology.tracing_kernels import UNSEEN, Fields, Ground, Reach, list_seeds, trace_component

    if labels.min(initial=0) < 0:
        raise DataError(f"labels to trace must not be negative; the lowest is {labels.min()}")
    components = np.pad(label_components(labels), 1)
    shape, voxels = components.shape, components.size
    ground = Ground(components.ravel(), _measure_depth(components, sampling).ravel(), *_list_steps(shape, sampling))
    fields = Fields(
        cost=np.full(voxels, np.inf),
        length=np.full(voxels, -1, np.float32),
        came=np.full(voxels, UNSEEN, np.uint8),
        left=np.full(voxels, -1, np.float32),
    )
    seeds = list_seeds(ground.components, int(components.max(initial=0)))
    reach = Reach(float(scale), float(constant))
    traced = [trace_component(seed, ground, fields, reach) for seed in seeds.tolist()]
    return _gather(traced, labels, sampling, shape)


def _measure_depth(
    components: Integer[np.ndarray, "z y x"], sampling: Sequence[float | int]
) -> Float32[np.ndarray, "z y x"]:
    """Distance to the nearest voxel of another component, or as far as the volume is long where it holds one only."""
    import edt

    inner = tuple(slice(1, -1) for _ in range(3))
    distance = edt.edt(np.ascontiguousarray(components[inner]), anisotropy=tuple(sampling))
    longest = math.hypot(*(extent * edge for extent, edge in zip(components.shape, sampling, strict=True)))
    depth: Float32[np.ndarray, "z y x"] = np.pad(np.minimum(distance, np.float32(longest)), 1)
    return depth


def _list_steps(
    shape: tuple[int, ...], sampling: Sequence[float | int]
) -> tuple[Int64[np.ndarray, " 26"], Float64[np.ndarray, " 26"]]:
    """Steps to the 26 neighbours in the flat volume, and their lengths."""
    moves = [move for move in itertools.product((-1, 0, 1), repeat=3) if any(move)]
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    return np.array(moves) @ strides, np.linalg.norm(np.array(moves) * np.array(sampling, float), axis=1)


def _gather(
    traced: Sequence[tuple[Int64[np.ndarray, "..."], Int64[np.ndarray, "..."]]],
    labels: Integer[np.ndarray, "z y x"],
    sampling: Sequence[float | int],
    shape: tuple[int, ...],
) -> Centrelines:
    """Trees of all components together, their voxels counted from the rim."""
    first = np.cumsum([0, *(len(voxels) for voxels, _ in traced)])
    flat = np.concatenate([np.zeros(0, np.int64), *(voxels for voxels, _ in traced)])
    parents = np.concatenate(
        [
            np.zeros(0, np.int64),
            *(np.where(above < 0, -1, above + start) for (_, above), start in zip(traced, first, strict=False)),
        ]
    )
    voxels = np.stack(np.unravel_index(flat, shape), axis=1) - 1
    places = _smooth(voxels + 0.5, parents, labels) * np.array(sampling, float)
    hanging = np.flatnonzero(parents >= 0)
    edges = np.stack([parents[hanging], hanging], axis=1)
    return Centrelines(places, edges, labels[tuple(voxels.T)])


def _smooth(
    places: Float64[np.ndarray, "points 3"], parents: Int64[np.ndarray, " points"], labels: Integer[np.ndarray, "z y x"]
) -> Float64[np.ndarray, "points 3"]:
    """Points between two others drawn towards the middle of them, some rounds, as long as they stay in their object."""
    children = np.bincount(parents[parents >= 0], minlength=len(parents))
    between = np.flatnonzero((children == 1) & (parents >= 0))
    child = np.empty(len(parents), np.int64)
    child[parents[parents >= 0]] = np.flatnonzero(parents >= 0)
    before, after = parents[between], child[between]
    own = labels[tuple(np.floor(places[between]).astype(int).T)]
    for _ in range(ROUNDS):
        moved = places[between] / 2 + (places[before] + places[after]) / 4
        inside = labels[tuple(np.floor(moved).astype(int).T)] == own
        places[between[inside]] = moved[inside]
    return places
