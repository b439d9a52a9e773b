"""Synthetic volumes with exact labels: scroll CT and electron microscopy."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.data.phantoms.fibres import FibresPhantom as FibresPhantom
    from volumen.data.phantoms.fibres import make_fibres as make_fibres
    from volumen.data.phantoms.ink import InkPhantom as InkPhantom
    from volumen.data.phantoms.ink import make_ink as make_ink
    from volumen.data.phantoms.neurons import NeuronsPhantom as NeuronsPhantom
    from volumen.data.phantoms.neurons import make_neurons as make_neurons
    from volumen.data.phantoms.scroll import ScrollPhantom as ScrollPhantom
    from volumen.data.phantoms.scroll import make_scroll as make_scroll
    from volumen.data.phantoms.vesicles import VesiclesPhantom as VesiclesPhantom
    from volumen.data.phantoms.vesicles import make_vesicles as make_vesicles
    from volumen.data.phantoms.writing import write_phantoms as write_phantoms

_HOMES = {
    "FibresPhantom": "fibres",
    "InkPhantom": "ink",
    "NeuronsPhantom": "neurons",
    "ScrollPhantom": "scroll",
    "VesiclesPhantom": "vesicles",
    "make_fibres": "fibres",
    "make_ink": "ink",
    "make_neurons": "neurons",
    "make_scroll": "scroll",
    "make_vesicles": "vesicles",
    "write_phantoms": "writing",
}
__all__ = [
    "FibresPhantom",
    "InkPhantom",
    "NeuronsPhantom",
    "ScrollPhantom",
    "VesiclesPhantom",
    "make_fibres",
    "make_ink",
    "make_neurons",
    "make_scroll",
    "make_vesicles",
    "write_phantoms",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.data.phantoms.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
