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
        "binary": "volumen.targets:BinaryTarget",
        "classes": "volumen.targets:ClassesTarget",
    },
    "loss": {
        "cross_entropy": "volumen.losses:CrossEntropy",
        "dice": "volumen.losses:Dice",
        "focal": "volumen.losses:Focal",
        "variance": "volumen.losses:Variance",
    },
    "normalisation": {
        "dataset_zscore": "volumen.volumes:DatasetZScoreNormalisation",
        "none": "volumen.volumes:NoNormalisation",
        "percentile": "volumen.volumes:PercentileNormalisation",
        "range": "volumen.volumes:RangeNormalisation",
        "zscore": "volumen.volumes:ZScoreNormalisation",
    },
    "sampling": {
        "balanced": "volumen.data:BalancedSampling",
        "uniform": "volumen.data:UniformSampling",
    },
    "augmentation": {
        "brightness_contrast": "volumen.data:BrightnessContrast",
        "flip": "volumen.data:Flip",
        "noise": "volumen.data:GaussianNoise",
        "rotate90": "volumen.data:Rotate90",
    },
    "optimizer": {
        "adam": "volumen.training:build_adam",
        "adamw": "volumen.training:build_adamw",
        "sgd": "volumen.training:build_sgd",
    },
    "schedule": {
        "constant": "volumen.training:ConstantSchedule",
        "cosine": "volumen.training:CosineSchedule",
        "warm_restarts": "volumen.training:WarmRestarts",
    },
    "logger": {
        "csv": "volumen.training:build_csv_logger",
        "tensorboard": "volumen.training:build_tensorboard_logger",
        "wandb": "volumen.training:build_wandb_logger",
    },
    "decoding": {
        "argmax": "volumen.decoding:Argmax",
        "border": "volumen.decoding:StripBorder",
        "closing": "volumen.decoding:Closing",
        "hysteresis": "volumen.decoding:Hysteresis",
        "instances": "volumen.decoding:SeparateInstances",
        "max_hole": "volumen.decoding:FillHoles",
        "min_size": "volumen.decoding:KeepLarge",
        "opening": "volumen.decoding:Opening",
        "threshold": "volumen.decoding:Threshold",
    },
    "metric": {
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
