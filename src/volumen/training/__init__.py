"""Folds trained on Lightning: schedules, weight averages, checkpoints, guards, logs and previews."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.training.checkpoints import read_checkpoint as read_checkpoint
    from volumen.training.drafting import format_recipe as format_recipe
    from volumen.training.folds import train_fold as train_fold
    from volumen.training.loggers import build_csv_logger as build_csv_logger
    from volumen.training.loggers import build_tensorboard_logger as build_tensorboard_logger
    from volumen.training.loggers import build_wandb_logger as build_wandb_logger
    from volumen.training.optimizers import build_adam as build_adam
    from volumen.training.optimizers import build_adamw as build_adamw
    from volumen.training.optimizers import build_sgd as build_sgd
    from volumen.training.options import PlanOptions as PlanOptions
    from volumen.training.options import ProfileOptions as ProfileOptions
    from volumen.training.options import RunOptions as RunOptions
    from volumen.training.preflight import Preflight as Preflight
    from volumen.training.preflight import TrainingForecast as TrainingForecast
    from volumen.training.preflight import run_preflight as run_preflight
    from volumen.training.profile import Loop as Loop
    from volumen.training.profile import Profile as Profile
    from volumen.training.profile import Spread as Spread
    from volumen.training.profile import profile_training as profile_training
    from volumen.training.recipe_faults import check_recipe as check_recipe
    from volumen.training.run import train_folds as train_folds
    from volumen.training.schedules import ConstantSchedule as ConstantSchedule
    from volumen.training.schedules import CosineSchedule as CosineSchedule
    from volumen.training.schedules import PlateauSchedule as PlateauSchedule
    from volumen.training.schedules import PolynomialSchedule as PolynomialSchedule
    from volumen.training.schedules import WarmRestarts as WarmRestarts
    from volumen.training.summary import Best as Best
    from volumen.training.summary import FoldResult as FoldResult
    from volumen.training.summary import RunSummary as RunSummary
    from volumen.training.summary import read_summary as read_summary

_HOMES = {
    "Best": "summary",
    "ConstantSchedule": "schedules",
    "CosineSchedule": "schedules",
    "FoldResult": "summary",
    "PlateauSchedule": "schedules",
    "PolynomialSchedule": "schedules",
    "Loop": "profile",
    "PlanOptions": "options",
    "Preflight": "preflight",
    "Profile": "profile",
    "ProfileOptions": "options",
    "RunOptions": "options",
    "RunSummary": "summary",
    "Spread": "profile",
    "TrainingForecast": "preflight",
    "WarmRestarts": "schedules",
    "build_adam": "optimizers",
    "build_adamw": "optimizers",
    "build_csv_logger": "loggers",
    "build_sgd": "optimizers",
    "build_tensorboard_logger": "loggers",
    "build_wandb_logger": "loggers",
    "check_recipe": "recipe_faults",
    "format_recipe": "drafting",
    "profile_training": "profile",
    "read_checkpoint": "checkpoints",
    "read_summary": "summary",
    "run_preflight": "preflight",
    "train_fold": "folds",
    "train_folds": "run",
}
__all__ = [
    "Best",
    "ConstantSchedule",
    "CosineSchedule",
    "FoldResult",
    "Loop",
    "PlanOptions",
    "PlateauSchedule",
    "PolynomialSchedule",
    "Preflight",
    "Profile",
    "ProfileOptions",
    "RunOptions",
    "RunSummary",
    "Spread",
    "TrainingForecast",
    "WarmRestarts",
    "build_adam",
    "build_adamw",
    "build_csv_logger",
    "build_sgd",
    "build_tensorboard_logger",
    "build_wandb_logger",
    "check_recipe",
    "format_recipe",
    "profile_training",
    "read_checkpoint",
    "read_summary",
    "run_preflight",
    "train_fold",
    "train_folds",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
