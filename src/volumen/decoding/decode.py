"""Run the steps of a recipe over a prediction and tell what each one did."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from volumen.config import Component, build_component, check_component
from volumen.decoding.steps import Labels, Probability, Step
from volumen.errors import ConfigError, DataError, ShapeError
from volumen.heads import HeadSpec
from volumen.morphology import count_cavities, measure_components

# Blending and half precision leave a probability this far outside 0 to 1.
ROUNDING = 1e-3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counts:
    """What a mask or labels hold: foreground voxels, components, cavities, voxels of the largest component."""

    voxels: int
    components: int
    cavities: int
    largest: int


@dataclass(frozen=True)
class StepReport:
    """What one step did; `before` is None for the first, which makes the mask."""

    name: str
    before: Counts | None
    after: Counts


@dataclass(frozen=True)
class Decoded:
    """Labels (a mask as 0 and 1) and what each step did to them."""

    labels: Integer[np.ndarray, "z y x"]
    steps: tuple[StepReport, ...]

    @property
    def foreground(self) -> int:
        """Voxels that have a label."""
        return self.steps[-1].after.voxels

    @property
    def background(self) -> int:
        """Voxels that have none."""
        return self.labels.size - self.foreground

    @property
    def components(self) -> int:
        """26-connected components, each of one label."""
        return self.steps[-1].after.components

    @property
    def largest(self) -> int:
        """Voxels of the largest component."""
        return self.steps[-1].after.largest


def decode_mask(
    probability: Probability,
    steps: Sequence[Component],
    *,
    head: HeadSpec | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Decoded:
    """Labels decoded from one head's probabilities, with a report of each step, in the order given.

    In memory: beside the probabilities about 10 bytes a voxel, 40 while instances are separated.

    Args:
        probability: `z y x`, or `c z y x`.
        steps: components of the kind `decoding`; the first turns probabilities into a mask.
        head: what the prediction file says of the head; a mismatch is refused.
        progress: called with steps done and in all.
    """
    ready = _build_steps(steps)
    _check_probability(probability, head)
    labels = ready[0](probability)
    reports = [StepReport(steps[0].name, None, count_labels(labels))]
    for number, step in enumerate(ready[1:], start=1):
        if progress:
            progress(number, len(ready))
        if step.takes == "mask" and labels.dtype != np.bool_:
            raise ConfigError(f"decoding step {steps[number].name!r} takes a mask, not labels; put it before them")
        labels = step(labels)
        reports.append(StepReport(steps[number].name, reports[-1].after, count_labels(labels)))
        log.debug("%s: %s", steps[number].name, reports[-1])
    if progress:
        progress(len(ready), len(ready))
    return Decoded(labels.astype(np.uint8) if labels.dtype == np.bool_ else labels, tuple(reports))


def count_labels(labels: Labels) -> Counts:
    """Voxels, components, cavities and the largest component of a mask or labels."""
    sizes = measure_components(labels)
    return Counts(
        voxels=int(sizes.sum()),
        components=len(sizes),
        cavities=count_cavities(labels != 0),
        largest=int(sizes.max(initial=0)),
    )


def _build_steps(components: Sequence[Component]) -> list[Step]:
    """The steps, all checked before any of them runs."""
    faults = [fault for component in components for fault in check_component("decoding", component)]
    if faults:
        raise ConfigError("; ".join(faults))
    steps: list[Step] = [build_component("decoding", component) for component in components]
    if not steps or steps[0].takes != "probability":
        first = repr(components[0].name) if components else "nothing"
        raise ConfigError(f"decoding begins with threshold, hysteresis or argmax; got {first}")
    for component, step in zip(components[1:], steps[1:], strict=True):
        if step.takes == "probability":
            raise ConfigError(f"decoding step {component.name!r} takes probabilities, so it can only be the first")
    return steps


def _check_probability(probability: Probability, head: HeadSpec | None) -> None:
    if head is not None and head.activation == "none":
        raise ConfigError(f"head {head.name!r} has no activation, so it gives no probabilities to make a mask of")
    channels = len(probability) if probability.ndim == 4 else 1  # noqa: PLR2004 - c z y x
    if head is not None and head.channels != channels:
        raise ShapeError(f"head {head.name!r} has {head.channels} channels; the prediction has {channels}")
    low, high = probability.min(initial=0), probability.max(initial=0)
    if np.isnan(low):
        count = np.count_nonzero(np.isnan(probability))
        raise DataError(f"the prediction holds {count} values that are not numbers (NaN); predict it again")
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise DataError(f"probabilities lie in 0 to 1; these reach from {low:g} to {high:g}: are they logits?")
