"""From predictions to labels: the clean-up kit, step by step in the order a recipe gives."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.decoding.clean_up import CleanUp as CleanUp
    from volumen.decoding.decode import Counts as Counts
    from volumen.decoding.decode import Decoded as Decoded
    from volumen.decoding.decode import StepReport as StepReport
    from volumen.decoding.decode import decode_mask as decode_mask
    from volumen.decoding.steps import Argmax as Argmax
    from volumen.decoding.steps import Closing as Closing
    from volumen.decoding.steps import FillHoles as FillHoles
    from volumen.decoding.steps import Hysteresis as Hysteresis
    from volumen.decoding.steps import KeepLarge as KeepLarge
    from volumen.decoding.steps import Opening as Opening
    from volumen.decoding.steps import SeparateInstances as SeparateInstances
    from volumen.decoding.steps import Step as Step
    from volumen.decoding.steps import StripBorder as StripBorder
    from volumen.decoding.steps import Threshold as Threshold

_HOMES = {
    "Argmax": "steps",
    "CleanUp": "clean_up",
    "Closing": "steps",
    "Counts": "decode",
    "Decoded": "decode",
    "FillHoles": "steps",
    "Hysteresis": "steps",
    "KeepLarge": "steps",
    "Opening": "steps",
    "SeparateInstances": "steps",
    "Step": "steps",
    "StepReport": "decode",
    "StripBorder": "steps",
    "Threshold": "steps",
    "decode_mask": "decode",
}
__all__ = [
    "Argmax",
    "CleanUp",
    "Closing",
    "Counts",
    "Decoded",
    "FillHoles",
    "Hysteresis",
    "KeepLarge",
    "Opening",
    "SeparateInstances",
    "Step",
    "StepReport",
    "StripBorder",
    "Threshold",
    "decode_mask",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.decoding.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
