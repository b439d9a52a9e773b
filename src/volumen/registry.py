"""Which names a recipe may use: a table a kind, from name to where it lives, imported only when it is asked for."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from volumen.errors import UnknownNameError, suggest_nearest

# The one place where a lower room reaches an upper one, and it does so by string.
TABLES: dict[str, dict[str, str]] = {
    "network": {
        "dynunet": "volumen.networks:DynUNetDesign",
        "light_unet": "volumen.networks:design_light_unet",
        "mednext": "volumen.networks:MedNeXtDesign",
        "monai_unet": "volumen.networks:MonaiUNetDesign",
        "planned_unet": "volumen.networks:design_planned_unet",
        "residual_unet": "volumen.networks:design_residual_unet",
        "rsunet": "volumen.networks:design_rsunet",
        "segresnet": "volumen.networks:SegResNetDesign",
        "staged_unet": "volumen.networks:StagedDesign",
        "swin_unetr": "volumen.networks:SwinUNETRDesign",
        "unet": "volumen.networks:design_unet",
        "unetr": "volumen.networks:UNETRDesign",
        "vista": "volumen.networks:VistaDesign",
    },
    "target": {
        "affinities": "volumen.targets:AffinitiesTarget",
        "binary": "volumen.targets:BinaryTarget",
        "boundary": "volumen.targets:BoundaryTarget",
        "centre_offsets": "volumen.targets:CentreOffsetsTarget",
        "classes": "volumen.targets:ClassesTarget",
        "direction": "volumen.targets:DirectionTarget",
        "distance": "volumen.targets:DistanceTarget",
        "embedding": "volumen.targets:EmbeddingTarget",
        "flow": "volumen.targets:FlowTarget",
        "medial_surface": "volumen.targets:MedialSurfaceTarget",
        "nearest": "volumen.targets:NearestTarget",
        "normals": "volumen.targets:NormalsTarget",
        "polarity": "volumen.targets:PolarityTarget",
        "reconstruction": "volumen.targets:ReconstructionTarget",
        "shape_descriptors": "volumen.targets:ShapeDescriptorsTarget",
        "skeleton": "volumen.targets:SkeletonTarget",
        "skeleton_distance": "volumen.targets:SkeletonDistanceTarget",
        "structure_tensor": "volumen.targets:StructureTensorTarget",
    },
    "loss": {
        "balanced_cross_entropy": "volumen.losses:BalancedCrossEntropy",
        "betti_matching": "volumen.losses:BettiMatching",
        "boundary": "volumen.losses:Boundary",
        "cbdice": "volumen.losses:CentrelineBoundaryDice",
        "cldice": "volumen.losses:CentrelineDice",
        "cosine": "volumen.losses:Cosine",
        "critical_components": "volumen.losses:CriticalComponents",
        "cross_entropy": "volumen.losses:CrossEntropy",
        "dice": "volumen.losses:Dice",
        "discriminative": "volumen.losses:Discriminative",
        "entropy": "volumen.losses:Entropy",
        "focal": "volumen.losses:Focal",
        "generalised_dice": "volumen.losses:GeneralisedDice",
        "hausdorff": "volumen.losses:Hausdorff",
        "l1": "volumen.losses:build_l1",
        "malis": "volumen.losses:Malis",
        "morphological_skeleton": "volumen.losses:MorphologicalSkeleton",
        "mse": "volumen.losses:build_mse",
        "neighbour_pooled": "volumen.losses:NeighbourPooled",
        "normal_smoothness": "volumen.losses:NormalSmoothness",
        "persistence": "volumen.losses:Persistence",
        "signed_distance": "volumen.losses:SignedDistance",
        "skeleton_recall": "volumen.losses:SkeletonRecall",
        "smooth_l1": "volumen.losses:build_smooth_l1",
        "surface_dice": "volumen.losses:SurfaceDice",
        "surface_distance": "volumen.losses:SurfaceDistance",
        "tensor": "volumen.losses:TensorDistance",
        "tversky": "volumen.losses:Tversky",
        "variance": "volumen.losses:Variance",
    },
    "balance": {
        "fixed": "volumen.losses:FixedBalance",
        "gradnorm": "volumen.losses:GradNormBalance",
        "uncertainty": "volumen.losses:UncertaintyBalance",
    },
    "normalisation": {
        "dataset_zscore": "volumen.volumes:DatasetZScoreNormalisation",
        "none": "volumen.volumes:NoNormalisation",
        "percentile": "volumen.volumes:PercentileNormalisation",
        "range": "volumen.volumes:RangeNormalisation",
        "zscore": "volumen.volumes:ZScoreNormalisation",
    },
    "layout": {
        "axonem": "volumen.data:AxonemLayout",
        "cremi": "volumen.data:CremiLayout",
        "folders": "volumen.data:FolderLayout",
        "hdf5": "volumen.data:Hdf5Layout",
        "kasthuri": "volumen.data:KasthuriLayout",
        "lucchi": "volumen.data:LucchiLayout",
        "mitoem": "volumen.data:MitoemLayout",
        "mitoem2": "volumen.data:Mitoem2Layout",
        "nisb": "volumen.data:NisbLayout",
        "nnunet": "volumen.data:NnunetLayout",
        "nucmm": "volumen.data:NucmmLayout",
        "snemi3d": "volumen.data:SnemiLayout",
        "surface_detection": "volumen.data:SurfaceDetectionLayout",
    },
    "split": {
        "files": "volumen.data:FileSplit",
        "folds": "volumen.data:FoldSplit",
        "groups": "volumen.data:GroupSplit",
        "published": "volumen.data:PublishedSplit",
        "share": "volumen.data:ShareSplit",
        "slab": "volumen.data:SlabSplit",
    },
    "sampling": {
        "balanced": "volumen.data:BalancedSampling",
        "classes": "volumen.data:ClassSampling",
        "foreground": "volumen.data:ForegroundSampling",
        "instances": "volumen.data:InstanceSampling",
        "labelled": "volumen.data:LabelledSampling",
        "uniform": "volumen.data:UniformSampling",
    },
    "augmentation": {
        "brightness_contrast": "volumen.data:BrightnessContrast",
        "dropout": "volumen.data:PatchDropout",
        "elastic": "volumen.data:Elastic",
        "flip": "volumen.data:Flip",
        "gamma": "volumen.data:Gamma",
        "noise": "volumen.data:GaussianNoise",
        "rotate": "volumen.data:Rotate",
        "rotate90": "volumen.data:Rotate90",
        "scale": "volumen.data:Scale",
        "slice_jitter": "volumen.data:SliceJitter",
    },
    "optimizer": {
        "adam": "volumen.training:build_adam",
        "adamw": "volumen.training:build_adamw",
        "sgd": "volumen.training:build_sgd",
    },
    "schedule": {
        "constant": "volumen.training:ConstantSchedule",
        "cosine": "volumen.training:CosineSchedule",
        "plateau": "volumen.training:PlateauSchedule",
        "poly": "volumen.training:PolynomialSchedule",
        "warm_restarts": "volumen.training:WarmRestarts",
    },
    "logger": {
        "csv": "volumen.training:build_csv_logger",
        "tensorboard": "volumen.training:build_tensorboard_logger",
        "wandb": "volumen.training:build_wandb_logger",
    },
    "decoding": {
        "affinity_components": "volumen.decoding:AffinityComponents",
        "argmax": "volumen.decoding:Argmax",
        "border": "volumen.decoding:StripBorder",
        "centre_votes": "volumen.decoding:CentreVotes",
        "closing": "volumen.decoding:Closing",
        "distance_mask": "volumen.decoding:DistanceMask",
        "embedding_clusters": "volumen.decoding:EmbeddingClusters",
        "flow_components": "volumen.decoding:FlowComponents",
        "hysteresis": "volumen.decoding:Hysteresis",
        "instances": "volumen.decoding:SeparateInstances",
        "max_hole": "volumen.decoding:FillHoles",
        "medial_surface": "volumen.decoding:MedialSurface",
        "min_size": "volumen.decoding:KeepLarge",
        "mutex_watershed": "volumen.decoding:MutexWatershed",
        "opening": "volumen.decoding:Opening",
        "polarity_pairs": "volumen.decoding:PolarityPairs",
        "skeleton": "volumen.decoding:Skeleton",
        "threshold": "volumen.decoding:Threshold",
        "watershed": "volumen.decoding:Watershed",
    },
    "metric": {
        "accuracy": "volumen.metrics:score_accuracy",
        "ap": "volumen.metrics:score_ap",
        "betti": "volumen.metrics:score_betti",
        "cldice": "volumen.metrics:score_cldice",
        "cleft": "volumen.metrics:score_clefts",
        "cremi": "volumen.metrics:score_cremi",
        "dice": "volumen.metrics:score_dice",
        "erl": "volumen.metrics:score_erl",
        "hausdorff95": "volumen.metrics:score_hausdorff95",
        "iou": "volumen.metrics:score_iou",
        "objects": "volumen.metrics:score_objects",
        "pq": "volumen.metrics:score_pq",
        "precision": "volumen.metrics:score_precision",
        "rand": "volumen.metrics:score_rand",
        "recall": "volumen.metrics:score_recall",
        "surface": "volumen.metrics:score_surface",
        "surface_dice": "volumen.metrics:score_surface_dice",
        "surface_distance": "volumen.metrics:score_surface_distance",
        "voi": "volumen.metrics:score_voi",
    },
}


@cache
def list_names(kind: str) -> tuple[str, ...]:
    """Every name of one kind, ours and those that installed packages add, in order."""
    return tuple(sorted(TABLES[kind].keys() | _find_plugins(kind).keys()))


def find_import(kind: str, name: str) -> str:
    """Where a named part lives, as `package.module:attribute`."""
    where = TABLES[kind].get(name) or _find_plugins(kind).get(name)
    if where is None:
        raise UnknownNameError(f"no {kind} is called {name!r}; {suggest_nearest(name, list_names(kind))}")
    return where


def load_named(kind: str, name: str) -> Callable[..., Any]:
    """The callable behind a name; this is where its room is imported."""
    module, _, attribute = find_import(kind, name).partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), attribute)
    return loaded


@cache
def _find_plugins(kind: str) -> dict[str, str]:
    """Names that other installed packages offer under the entry-point group `volumen.KIND`."""
    return {point.name: point.value for point in entry_points(group=f"volumen.{kind}")}
