"""Volumes of any size through trained networks: model folders, tiles, blending, ensembles, export."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.inference.activation import activate_logits as activate_logits
    from volumen.inference.arrays import predict_array as predict_array

_HOMES = {
    "activate_logits": "activation",
    "predict_array": "arrays",
}
__all__ = ["activate_logits", "predict_array"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.inference.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
