"""The public verbs: each composes rooms, and is what the command line and a notebook call."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.api.data import convert as convert
    from volumen.api.data import download_data as download_data
    from volumen.api.data import inspect_volume as inspect_volume
    from volumen.api.data import list_downloads as list_downloads
    from volumen.api.data import make_data as make_data
    from volumen.api.data import profile_training as profile_training
    from volumen.api.models import build_model as build_model
    from volumen.api.models import check_recipe_path as check_recipe_path
    from volumen.api.models import import_nnunet as import_nnunet
    from volumen.api.models import load_model as load_model
    from volumen.api.models import plan as plan
    from volumen.api.models import train as train
    from volumen.api.models import write_plan as write_plan
    from volumen.api.predictions import decode as decode
    from volumen.api.predictions import ensemble as ensemble
    from volumen.api.predictions import predict as predict
    from volumen.api.predictions import predict_each as predict_each
    from volumen.api.predictions import tune as tune
    from volumen.api.recipes import check_recipe as check_recipe
    from volumen.api.recipes import show_recipe as show_recipe
    from volumen.api.reports import write_report as write_report
    from volumen.api.scores import evaluate as evaluate
    from volumen.api.scores import write_error_maps as write_error_maps
    from volumen.config import copy_recipe as copy_recipe
    from volumen.config import list_recipes as list_recipes
    from volumen.config import read_recipe as read_recipe
    from volumen.decoding import CleanUp as CleanUp

_HOMES = {
    "CleanUp": "decoding",
    "build_model": "api.models",
    "check_recipe": "api.recipes",
    "check_recipe_path": "api.models",
    "convert": "api.data",
    "copy_recipe": "config",
    "decode": "api.predictions",
    "download_data": "api.data",
    "ensemble": "api.predictions",
    "evaluate": "api.scores",
    "import_nnunet": "api.models",
    "inspect_volume": "api.data",
    "list_downloads": "api.data",
    "list_recipes": "config",
    "load_model": "api.models",
    "make_data": "api.data",
    "plan": "api.models",
    "predict": "api.predictions",
    "predict_each": "api.predictions",
    "profile_training": "api.data",
    "read_recipe": "config",
    "show_recipe": "api.recipes",
    "train": "api.models",
    "tune": "api.predictions",
    "write_error_maps": "api.scores",
    "write_plan": "api.models",
    "write_report": "api.reports",
}
__all__ = [
    "CleanUp",
    "build_model",
    "check_recipe",
    "check_recipe_path",
    "convert",
    "copy_recipe",
    "decode",
    "download_data",
    "ensemble",
    "evaluate",
    "import_nnunet",
    "inspect_volume",
    "list_downloads",
    "list_recipes",
    "load_model",
    "make_data",
    "plan",
    "predict",
    "predict_each",
    "profile_training",
    "read_recipe",
    "show_recipe",
    "train",
    "tune",
    "write_error_maps",
    "write_plan",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
