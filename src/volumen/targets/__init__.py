"""Targets: what each head learns, encoded from labels."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.targets.affinities import AffinitiesTarget as AffinitiesTarget
    from volumen.targets.boundary import BoundaryTarget as BoundaryTarget
    from volumen.targets.distance import DistanceTarget as DistanceTarget
    from volumen.targets.embedding import EmbeddingTarget as EmbeddingTarget
    from volumen.targets.flow import CentreOffsetsTarget as CentreOffsetsTarget
    from volumen.targets.flow import FlowTarget as FlowTarget
    from volumen.targets.nearest import NearestTarget as NearestTarget
    from volumen.targets.normals import NormalsTarget as NormalsTarget
    from volumen.targets.plan import build_target as build_target
    from volumen.targets.plan import build_targets as build_targets
    from volumen.targets.plan import plan_heads as plan_heads
    from volumen.targets.polarity import PolarityTarget as PolarityTarget
    from volumen.targets.reconstruction import ReconstructionTarget as ReconstructionTarget
    from volumen.targets.semantic import BinaryTarget as BinaryTarget
    from volumen.targets.semantic import ClassesTarget as ClassesTarget
    from volumen.targets.shape_descriptors import ShapeDescriptorsTarget as ShapeDescriptorsTarget
    from volumen.targets.skeleton import MedialSurfaceTarget as MedialSurfaceTarget
    from volumen.targets.skeleton import SkeletonDistanceTarget as SkeletonDistanceTarget
    from volumen.targets.skeleton import SkeletonTarget as SkeletonTarget
    from volumen.targets.structure_tensor import DirectionTarget as DirectionTarget
    from volumen.targets.structure_tensor import StructureTensorTarget as StructureTensorTarget
    from volumen.targets.target import IGNORE as IGNORE
    from volumen.targets.target import ArrayTarget as ArrayTarget
    from volumen.targets.target import EncodedTarget as EncodedTarget
    from volumen.targets.target import Target as Target
    from volumen.targets.turning import Turn as Turn
    from volumen.targets.turning import list_turns as list_turns

_HOMES = {
    "AffinitiesTarget": "affinities",
    "ArrayTarget": "target",
    "BinaryTarget": "semantic",
    "BoundaryTarget": "boundary",
    "CentreOffsetsTarget": "flow",
    "ClassesTarget": "semantic",
    "DirectionTarget": "structure_tensor",
    "DistanceTarget": "distance",
    "EmbeddingTarget": "embedding",
    "EncodedTarget": "target",
    "FlowTarget": "flow",
    "IGNORE": "target",
    "MedialSurfaceTarget": "skeleton",
    "NearestTarget": "nearest",
    "NormalsTarget": "normals",
    "PolarityTarget": "polarity",
    "ReconstructionTarget": "reconstruction",
    "ShapeDescriptorsTarget": "shape_descriptors",
    "SkeletonDistanceTarget": "skeleton",
    "SkeletonTarget": "skeleton",
    "StructureTensorTarget": "structure_tensor",
    "Target": "target",
    "Turn": "turning",
    "build_target": "plan",
    "build_targets": "plan",
    "list_turns": "turning",
    "plan_heads": "plan",
}
__all__ = [
    "IGNORE",
    "AffinitiesTarget",
    "ArrayTarget",
    "BinaryTarget",
    "BoundaryTarget",
    "CentreOffsetsTarget",
    "ClassesTarget",
    "DirectionTarget",
    "DistanceTarget",
    "EmbeddingTarget",
    "EncodedTarget",
    "FlowTarget",
    "MedialSurfaceTarget",
    "NearestTarget",
    "NormalsTarget",
    "PolarityTarget",
    "ReconstructionTarget",
    "ShapeDescriptorsTarget",
    "SkeletonDistanceTarget",
    "SkeletonTarget",
    "StructureTensorTarget",
    "Target",
    "Turn",
    "build_target",
    "build_targets",
    "list_turns",
    "plan_heads",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.targets.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
