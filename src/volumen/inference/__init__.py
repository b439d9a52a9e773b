"""Volumes of any size through trained networks: model folders, tiles, blending, ensembles, export."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.inference.activation import activate_logits as activate_logits
    from volumen.inference.arrays import predict_array as predict_array
    from volumen.inference.averaging import average_predictions as average_predictions
    from volumen.inference.batch import Batch as Batch
    from volumen.inference.batch import Predicted as Predicted
    from volumen.inference.batch import plan_files as plan_files
    from volumen.inference.batch import predict_file as predict_file
    from volumen.inference.devices import resolve_device as resolve_device
    from volumen.inference.export import export_labels as export_labels
    from volumen.inference.forecast import TileForecast as TileForecast
    from volumen.inference.forecast import forecast_prediction as forecast_prediction
    from volumen.inference.knobs import Compute as Compute
    from volumen.inference.knobs import PredictOptions as PredictOptions
    from volumen.inference.knobs import Tiling as Tiling
    from volumen.inference.knobs import parse_memory as parse_memory
    from volumen.inference.memory import measure_memory as measure_memory
    from volumen.inference.memory import trim_memory as trim_memory
    from volumen.inference.memory import tune_allocator as tune_allocator
    from volumen.inference.model import Model as Model
    from volumen.inference.model import build_model as build_model
    from volumen.inference.model import load_model as load_model
    from volumen.inference.model import save_model as save_model
    from volumen.inference.nnunet import import_nnunet as import_nnunet
    from volumen.inference.prediction_files import Prediction as Prediction
    from volumen.inference.prediction_files import open_prediction as open_prediction
    from volumen.inference.predictor import predict_volume as predict_volume
    from volumen.inference.threads import set_threads as set_threads
    from volumen.inference.tuning import TuneOptions as TuneOptions
    from volumen.inference.tuning import TuneReport as TuneReport
    from volumen.inference.tuning import pair_predictions as pair_predictions
    from volumen.inference.tuning import tune_predictions as tune_predictions

_HOMES = {
    "TileForecast": "forecast",
    "TuneOptions": "tuning",
    "TuneReport": "tuning",
    "forecast_prediction": "forecast",
    "pair_predictions": "tuning",
    "tune_predictions": "tuning",
    "Batch": "batch",
    "Compute": "knobs",
    "Model": "model",
    "PredictOptions": "knobs",
    "Predicted": "batch",
    "Prediction": "prediction_files",
    "Tiling": "knobs",
    "activate_logits": "activation",
    "average_predictions": "averaging",
    "build_model": "model",
    "export_labels": "export",
    "import_nnunet": "nnunet",
    "load_model": "model",
    "measure_memory": "memory",
    "open_prediction": "prediction_files",
    "parse_memory": "knobs",
    "plan_files": "batch",
    "predict_array": "arrays",
    "predict_file": "batch",
    "predict_volume": "predictor",
    "resolve_device": "devices",
    "save_model": "model",
    "set_threads": "threads",
    "trim_memory": "memory",
    "tune_allocator": "memory",
}
__all__ = [
    "Batch",
    "Compute",
    "Model",
    "PredictOptions",
    "Predicted",
    "Prediction",
    "TileForecast",
    "Tiling",
    "TuneOptions",
    "TuneReport",
    "activate_logits",
    "average_predictions",
    "build_model",
    "export_labels",
    "forecast_prediction",
    "import_nnunet",
    "load_model",
    "measure_memory",
    "open_prediction",
    "pair_predictions",
    "parse_memory",
    "plan_files",
    "predict_array",
    "predict_file",
    "predict_volume",
    "resolve_device",
    "save_model",
    "set_threads",
    "trim_memory",
    "tune_allocator",
    "tune_predictions",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.inference.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
