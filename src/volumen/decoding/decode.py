"""Run the steps of a recipe over a prediction and tell what each one did."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from volumen.config import Component, build_component, check_component
from volumen.decoding.head_maps import Read, choose_heads, read_map
from volumen.decoding.step import FirstStep, Labels, Maps, Step
from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.morphology import count_cavities, measure_components

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


@dataclass(frozen=True)
class Source:
    """A prediction to decode.

    Args:
        read: gives `z y x` or `c z y x` of a head by its name; only what the first step reads is asked for.
        heads: what the numbers of each head stand for.
        main: the head to decode; the first that fits when None.
        voxel_size: in nm; None when unknown.
    """

    read: Read
    heads: Sequence[HeadSpec]
    main: str | None = None
    voxel_size: VoxelSize | None = None


def decode_heads(
    source: Source, steps: Sequence[Component], *, progress: Callable[[int, int], None] | None = None
) -> Decoded:
    """Labels decoded from a prediction, with a report of each step, in the order given.

    In memory: beside the heads that the first step reads about 10 bytes a voxel, 40 while instances are separated.

    Args:
        source: what the network gave.
        steps: components of the kind `decoding`; the first reads heads, the others clean up.
        progress: called with steps done and in all.
    """
    first, others = _build_steps(steps)
    labels = first(_read_maps(source, first, steps[0]))
    reports = [StepReport(steps[0].name, None, count_labels(labels))]
    for number, (component, step) in enumerate(zip(steps[1:], others, strict=True), start=1):
        if progress:
            progress(number, len(steps))
        if step.takes == "mask" and labels.dtype != np.bool_:
            raise ConfigError(f"decoding step {component.name!r} takes a mask, not labels; put it before them")
        labels = step(labels)
        reports.append(StepReport(component.name, reports[-1].after, count_labels(labels)))
        log.debug("%s: %s", component.name, reports[-1])
    if progress:
        progress(len(steps), len(steps))
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


def _build_steps(components: Sequence[Component]) -> tuple[FirstStep, list[Step]]:
    """The first step and the others, all checked before any of them runs."""
    faults = [fault for component in components for fault in check_component("decoding", component)]
    if faults:
        raise ConfigError("; ".join(faults))
    steps = [build_component("decoding", component) for component in components]
    if not steps or steps[0].takes != "heads":
        first = repr(components[0].name) if components else "nothing"
        raise ConfigError(f"decoding begins with threshold or another step that reads the prediction; got {first}")
    for component, step in zip(components[1:], steps[1:], strict=True):
        if step.takes == "heads":
            raise ConfigError(f"decoding step {component.name!r} reads the prediction, so it can only be the first")
    return steps[0], steps[1:]


def _read_maps(source: Source, step: FirstStep, component: Component) -> Maps:
    """What the first step reads, by its options; the main head is the first that it can name and does not."""
    named = {step.roles[0].option: source.main} | component.options
    chosen = choose_heads(component.name, step.roles, named, source.heads)
    return {option: read_map(spec, source.read, source.voxel_size) for option, spec in chosen.items()}
