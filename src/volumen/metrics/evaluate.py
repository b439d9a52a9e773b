"""All scores of one case."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from typing import Any, Protocol, runtime_checkable

from volumen.config import SUPPLIED, Component, build_component, check_component
from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics.skeletons import Skeletons
from volumen.metrics.sources import Ignore, Source
from volumen.metrics.table import ContingencyTable, build_table
from volumen.registry import load_named


@runtime_checkable
class Flat(Protocol):
    """A score that names its own numbers."""

    def flatten(self) -> Mapping[str, float]:
        """Every number by its flat name."""
        ...


def evaluate_case(
    prediction: Source,
    truth: Source,
    metrics: Sequence[Component],
    *,
    ignore: Ignore = None,
    voxel_size: VoxelSize | None = None,
    skeletons: Skeletons | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Each score by its flat name: `dice`, `voi_split`, …; a class's as `dice_3`. Lists of objects are left out.

    The two volumes are read once for all metrics that count labels, and again for each that needs more than their
    table: `surface`, `surface_dice`, `betti`, `cldice`, distances, `cremi`, `cleft`, `erl`, and scores of objects of
    two masks.

    Args:
        prediction: labels, as an array or a volume.
        truth: labels of the same shape.
        metrics: components of the kind `metric`, each name once.
        ignore: a value of the truth, or a mask that is not 0 where nothing counts.
        voxel_size: for distances in nm.
        skeletons: of the true objects, for `erl`; traced in the truth when not given.
        workers: threads or processes that a metric may use, where it can.
        progress: called with metrics done and in all.
    """
    _check_metrics(metrics)
    counted = any("table" in signature(load_named("metric", component.name)).parameters for component in metrics)
    table: ContingencyTable | None = build_table(prediction, truth, ignore=ignore) if counted else None
    supplied = {
        "ignore": ignore,
        "voxel_size": voxel_size,
        "table": table,
        "skeletons": skeletons,
        "workers": workers,
    }
    scores: dict[str, float] = {}
    for done, component in enumerate(metrics, start=1):
        score = build_component("metric", component, prediction=prediction, truth=truth, **supplied)
        scores |= score.flatten() if isinstance(score, Flat) else dict(_flatten(component.name, score))
        if progress:
            progress(done, len(metrics))
    return scores


def _check_metrics(metrics: Sequence[Component]) -> None:
    faults = [fault for component in metrics for fault in check_component("metric", component, SUPPLIED["metric"])]
    names = [component.name for component in metrics]
    faults += [
        f"metric {name!r} is asked for twice; score it in two runs" for name in set(names) if names.count(name) > 1
    ]
    if faults:
        raise ConfigError("; ".join(faults))


def _flatten(name: str, score: Any) -> Iterator[tuple[str, float]]:
    """Numbers of a score, and those of its classes as `name_label`."""
    for field in fields(score):
        value = getattr(score, field.name)
        if isinstance(value, Mapping):
            yield from ((f"{name}_{label}", float(one)) for label, one in value.items())
        elif not isinstance(value, tuple):
            yield field.name, float(value)
