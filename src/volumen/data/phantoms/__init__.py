"""Synthetic volumes with exact labels: scroll CT and electron microscopy."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.data.phantoms.neurons import NeuronsPhantom as NeuronsPhantom
    from volumen.data.phantoms.neurons import make_neurons as make_neurons
    from volumen.data.phantoms.scroll import ScrollPhantom as ScrollPhantom
    from volumen.data.phantoms.scroll import make_scroll as make_scroll
    from volumen.data.phantoms.writing import write_phantoms as write_phantoms

_HOMES = {
    "NeuronsPhantom": "neurons",
    "ScrollPhantom": "scroll",
    "make_neurons": "neurons",
    "make_scroll": "scroll",
    "write_phantoms": "writing",
}
__all__ = ["NeuronsPhantom", "ScrollPhantom", "make_neurons", "make_scroll", "write_phantoms"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.data.phantoms.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
