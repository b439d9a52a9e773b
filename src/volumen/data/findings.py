"""What should be known of a data set before it is trained on: warnings, and errors that training would end in."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from volumen.config import DataSection
from volumen.data.cases import Case
from volumen.data.fingerprint import CaseFacts, Fingerprint, LabelFacts
from volumen.data.folds import Fold
from volumen.data.images import open_measured
from volumen.data.naming import identify_volume
from volumen.geometry import Box, Shape
from volumen.volumes import Volume

# Names that a line gives before it counts the rest.
_MOST_NAMES = 8
# Whole numbers up to here are all different in a float of so many bits.
_EXACT = {"float16": 2**11, "float32": 2**24, "float64": 2**53}
# The share by which voxel sizes may differ before it is said.
_ALIKE = 0.01
# Edge of the blocks by which two volumes are compared.
_BLOCK = 32

Level = Literal["warning", "error"]


@dataclass(frozen=True)
class Finding:
    """Something that who trains should know; an error is what training would end in."""

    level: Level
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


def find_faults(fingerprint: Fingerprint, data: DataSection) -> Iterator[Finding]:
    """What the fingerprint of a data set gives cause to say, for what the recipe says of the data."""
    for case in fingerprint.cases:
        yield from (Finding("error", f"case {case.name}: {fault}") for fault in case.faults)
    constant = [case.name for case in fingerprint.cases if case.image is not None and case.image.is_constant]
    if constant:
        yield Finding("warning", f"every voxel of the image has the same value: {_list(constant)}")
    if data.voxel_size is None:
        yield from _judge_voxel_sizes(fingerprint.cases)
    for name in fingerprint.labels:
        known = {case.name: case.labels[name] for case in fingerprint.cases if name in case.labels}
        yield from _judge_label(name, known, data.ignore)


def _judge_voxel_sizes(cases: Sequence[CaseFacts]) -> Iterator[Finding]:
    silent = [case.name for case in cases if case.voxel_size is None]
    if silent and len(silent) < len(cases):
        yield Finding("warning", f"these cases do not say their voxel size, and others do: {_list(silent)}")
    edges = np.array([tuple(case.voxel_size) for case in cases if case.voxel_size is not None])
    if len(edges) and (edges.max(0) / edges.min(0) - 1 > _ALIKE).any():
        yield Finding(
            "warning",
            "cases have voxels of different sizes and are trained on as they are; data.voxel_size brings them to one",
        )


def _judge_label(name: str, cases: Mapping[str, LabelFacts], ignore: int | None) -> Iterator[Finding]:
    """What is odd in a label of several cases."""
    yield from _find_refused(name, cases)
    unseen = [case for case, facts in cases.items() if not facts.labelled]
    empty = [case for case, facts in cases.items() if facts.labelled and not facts.foreground]
    if unseen:
        yield Finding("warning", f"label {name}: nobody looked at any voxel of {_list(unseen)}")
    if empty:
        yield Finding("warning", f"label {name}: there is no foreground in {_list(empty)}")
    rounded = [case for case, facts in cases.items() if facts.largest > _EXACT.get(facts.dtype, facts.largest)]
    if rounded:
        yield Finding(
            "warning",
            f"label {name}: ids are larger than their floats tell apart, so objects may share one: {_list(rounded)}",
        )
    doubtful = [case for case, facts in cases.items() if facts.doubtful]
    if doubtful and ignore is not None:
        yield Finding(
            "warning",
            f"label {name}: {ignore} stands for nobody looked, and there are ids above it, so object {ignore} of "
            f"{_list(doubtful)} would be ignored: set data.ignore=null, or a value that is no id",
        )


def _find_refused(name: str, cases: Mapping[str, LabelFacts]) -> Iterator[Finding]:
    """Values that training would stop at."""
    for case, facts in cases.items():
        if facts.fractions:
            yield Finding("error", f"case {case}, label {name}: {facts.fractions:,} voxels are no whole numbers")
        if facts.refused_voxels:
            shown = ", ".join(map(str, facts.refused))
            yield Finding(
                "error",
                f"case {case}, label {name}: {facts.refused_voxels:,} voxels hold values that are no label ({shown}): "
                "labels are 0 to 2⁶³ − 1, and those that `classes` names where it says nothing of the rest; "
                "name what means that nobody looked in data.ignore, or the value in classes",
            )


def find_copies(cases: Sequence[Case], fingerprint: Fingerprint) -> list[tuple[str, str]]:
    """Cases whose images hold the same voxels under two names: equal histograms, and equal blocks here and there.

    Two parts of one file are not told; `check_leaks` sees to those.
    """
    alike: dict[object, list[Case]] = {}
    for case, facts in zip(cases, fingerprint.cases, strict=True):
        if facts.image is not None and not facts.image.is_constant:
            alike.setdefault((facts.shape, facts.image.digest), []).append(case)
    return [
        (one.name, other.name)
        for group in alike.values()
        for one, other in combinations(group, 2)
        if identify_volume(one.image) != identify_volume(other.image) and _hold_the_same(one, other)
    ]


def _hold_the_same(one: Case, other: Case) -> bool:
    """Whether two images are equal in their first, middle and last block."""
    first, second = open_measured(one), open_measured(other)
    if first.shape != second.shape:
        return False
    return all(np.array_equal(_read(first, box), _read(second, box)) for box in _choose_blocks(first.shape))


def _choose_blocks(shape: Shape) -> list[Box]:
    edges = [min(_BLOCK, extent) for extent in shape]
    return [
        Box.at([int((extent - edge) * place) for extent, edge in zip(shape, edges, strict=True)], edges)
        for place in (0.0, 0.5, 1.0)
    ]


def _read(volume: Volume, box: Box) -> Shaped[np.ndarray, "c z y x"]:
    return volume.read(box).reshape(-1, *box.shape)


def judge_copies(copies: Iterable[tuple[str, str]], folds: Sequence[Fold]) -> Iterator[Finding]:
    """What copies mean for the folds."""
    for one, other in copies:
        parted = [
            str(fold.number)
            for fold in folds
            if {one, other} <= {*fold.training, *fold.validation} and len({one, other} & set(fold.validation)) == 1
        ]
        cure = (
            f"fold {', '.join(parted)} trains on one and is judged by the other: leave one out, or group them"
            if parted
            else "leave one out"
        )
        yield Finding("warning", f"the images of {one} and {other} hold the same voxels; {cure}")


@contextmanager
def gather_warnings(findings: list[Finding]) -> Iterator[None]:
    """Puts what is logged about data while it lasts among the findings, instead of into the log."""

    class Gatherer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            findings.append(Finding("warning", record.getMessage()))

    logger, handler = logging.getLogger("volumen.data"), Gatherer(logging.WARNING)
    propagates = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"
