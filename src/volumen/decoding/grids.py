"""Which values are tried of which options when decoding is tuned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from volumen.config import Component
from volumen.errors import ConfigError, suggest_nearest

Value = float | int

# Shares are probabilities or fractions of them; sizes are in voxels and steps of about two.
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SIZES = (0, 20, 50, 100, 200, 500, 1000, 2000, 5000, 20000)

GRIDS: dict[str, dict[str, tuple[Value, ...]]] = {
    "affinity_components": {"threshold": SHARES, "foreground_threshold": SHARES},
    "border": {"voxels": (0, 1, 2, 3)},
    "centre_votes": {"radius": (1, 2, 3, 5), "votes": (1, 3, 10, 30), "foreground_threshold": SHARES},
    "closing": {"radius": (0, 1, 2, 3)},
    "distance_mask": {"level": (-1, -0.5, 0, 0.5, 1)},
    "embedding_clusters": {"bandwidth": (0.25, 0.5, 0.75, 1.0, 1.5), "size": SIZES, "foreground_threshold": SHARES},
    "flow_components": {"apart": (0.25, 0.5, 0.75, 1.0), "foreground_threshold": SHARES},
    "hysteresis": {"low": SHARES, "high": SHARES},
    "instances": {"depth": (0.5, 1, 1.5, 2, 3)},
    "max_hole": {"voxels": SIZES},
    "min_size": {"voxels": SIZES},
    "mutex_watershed": {"bias": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), "foreground_threshold": SHARES},
    "opening": {"radius": (0, 1)},
    "polarity_pairs": {"threshold": SHARES},
    "threshold": {"value": SHARES},
    "watershed": {
        "foreground": SHARES,
        "seed_foreground": SHARES,
        "seed_boundary": SHARES,
        "seed_distance": (0.5, 1, 1.5, 2, 3),
        "seed_size": (1, 5, 20, 100),
        "depth": (0.25, 0.5, 1, 2),
    },
}


@dataclass(frozen=True)
class Knob:
    """One option of one step, and the values to try."""

    step: int
    option: str
    values: tuple[Value, ...]

    def turn(self, steps: Sequence[Component], value: Value) -> tuple[Component, ...]:
        """The steps with this option at a value."""
        turned = steps[self.step]
        changed = turned.model_copy(update={"options": turned.options | {self.option: value}})
        return (*steps[: self.step], changed, *steps[self.step + 1 :])


def list_knobs(steps: Sequence[Component], given: Sequence[str] = ()) -> list[Knob]:
    """What is tuned: the usual options of every step, or only those that are given.

    Args:
        steps: components of the kind `decoding`.
        given: values to try, as `threshold.value=0.3,0.5` or `threshold.value=0.2:0.8:0.1` (first, last, step).
    """
    if given:
        return [knob for text in given for knob in _read_knobs(text, steps)]
    return [
        Knob(number, option, values)
        for number, step in enumerate(steps)
        for option, values in GRIDS.get(step.name, {}).items()
    ]


def _read_knobs(text: str, steps: Sequence[Component]) -> list[Knob]:
    dotted, equals, values = text.partition("=")
    name, dot, option = dotted.strip().partition(".")
    if not (equals and dot and name and option and values.strip()):
        raise ConfigError(f"values to try are written step.option=v,v,… or first:last:step; got {text!r}")
    places = [number for number, step in enumerate(steps) if step.name == name]
    if not places:
        known = suggest_nearest(name, [step.name for step in steps])
        raise ConfigError(f"{text!r}: {name!r} is no step of this decoding; {known}")
    return [Knob(place, option, _read_values(values, text)) for place in places]


def _read_values(values: str, text: str) -> tuple[Value, ...]:
    parts = values.split(":")
    try:
        if len(parts) == 3:  # noqa: PLR2004 - first, last, step
            first, last, step = map(float, parts)
            count = round((last - first) / step)
            return tuple(float(value) for value in np.linspace(first, first + count * step, count + 1).round(9))
        return tuple(int(part) if part.strip().lstrip("-").isdigit() else float(part) for part in values.split(","))
    except (ValueError, ZeroDivisionError) as error:
        raise ConfigError(f"{text!r}: {values!r} is no list of numbers, nor first:last:step") from error
