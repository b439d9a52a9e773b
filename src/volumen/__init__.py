"""Learn to segment 3D volumes, then segment volumes of any size."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.api import build_model as build_model
    from volumen.api import convert as convert
    from volumen.api import decode as decode
    from volumen.api import ensemble as ensemble
    from volumen.api import evaluate as evaluate
    from volumen.api import import_nnunet as import_nnunet
    from volumen.api import inspect_volume as inspect_volume
    from volumen.api import list_recipes as list_recipes
    from volumen.api import load_model as load_model
    from volumen.api import make_data as make_data
    from volumen.api import plan as plan
    from volumen.api import predict as predict
    from volumen.api import profile_training as profile_training
    from volumen.api import read_recipe as read_recipe
    from volumen.api import train as train
    from volumen.api import tune as tune
    from volumen.api import write_error_maps as write_error_maps
    from volumen.api import write_plan as write_plan
    from volumen.api import write_report as write_report
    from volumen.inference import predict_array as predict_array
    from volumen.volumes import create_volume as create_volume
    from volumen.volumes import export_volume as export_volume
    from volumen.volumes import open_layers as open_layers
    from volumen.volumes import open_volume as open_volume

_ROOMS = {
    "build_model": "api",
    "convert": "api",
    "create_volume": "volumes",
    "decode": "api",
    "ensemble": "api",
    "evaluate": "api",
    "import_nnunet": "api",
    "export_volume": "volumes",
    "inspect_volume": "api",
    "list_recipes": "api",
    "load_model": "api",
    "make_data": "api",
    "open_layers": "volumes",
    "open_volume": "volumes",
    "plan": "api",
    "predict": "api",
    "predict_array": "inference",
    "profile_training": "api",
    "read_recipe": "api",
    "train": "api",
    "tune": "api",
    "write_error_maps": "api",
    "write_plan": "api",
    "write_report": "api",
}
__all__ = [
    "build_model",
    "convert",
    "create_volume",
    "decode",
    "ensemble",
    "evaluate",
    "export_volume",
    "import_nnunet",
    "inspect_volume",
    "list_recipes",
    "load_model",
    "make_data",
    "open_layers",
    "open_volume",
    "plan",
    "predict",
    "predict_array",
    "profile_training",
    "read_recipe",
    "train",
    "tune",
    "write_error_maps",
    "write_plan",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return getattr(import_module(f"volumen.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
