"""A recipe against the data: what its heads are taught, what its patches see, what a device holds."""

import os
from collections.abc import Iterator, Mapping

import torch

from volumen.data import Finding, Fingerprint
from volumen.geometry import Box, Shape
from volumen.networks import Memory
from volumen.targets import ArrayTarget, BinaryTarget, ClassesTarget
from volumen.training.objective import Objective

GIBIBYTE = 2**30


def check_labels(objective: Objective, facts: Fingerprint) -> Iterator[Finding]:
    """Label values that a head does not know, or waits for in vain."""
    for head in objective.heads:
        target = objective.targets[head.name]
        if head.name not in objective.labels:
            continue
        label = objective.labels[head.name]
        cases = {case.name: case.labels[label] for case in facts.cases if label in case.labels}
        if isinstance(target, ClassesTarget):
            for name, found in cases.items():
                if found.largest >= target.classes:
                    yield Finding(
                        "error",
                        f"case {name}, label {label}: there is a value {found.largest}, and head {head.name} "
                        f"knows the classes 0 to {target.classes - 1}; raise `classes`, or map or ignore the value",
                    )
        elif isinstance(target, BinaryTarget | ArrayTarget) and target.foreground is not None:
            seen = {value for found in cases.values() for value in found.values if value > 0}
            yield from _check_foreground(head.name, label, set(target.foreground), seen)


def _check_foreground(head: str, label: str, foreground: set[int], seen: set[int]) -> Iterator[Finding]:
    """Values that count as background though nobody said so, and foreground that is nowhere."""
    if not seen:
        return
    if seen - foreground:
        yield Finding(
            "warning",
            f"label {label}: head {head} takes {_join(seen - foreground)} for background, as its foreground is "
            f"{_join(foreground)}; name what means that nobody looked in data.ignore",
        )
    if foreground - seen:
        yield Finding("warning", f"label {label}: no case holds {_join(foreground - seen)}, foreground of head {head}")


def check_patch(patch: Shape, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    """Cases that patches do not fit into."""
    short = [name for name, shape in shapes.items() if not Box.whole(shape).contains(Box.whole(patch))]
    if short:
        first = "×".join(map(str, shapes[short[0]]))
        yield Finding(
            "warning",
            f"patches of {'×'.join(map(str, patch))} are longer than {len(short)} of {len(shapes)} cases "
            f"({short[0]} is {first}), which are padded with what nobody looked at; a smaller data.patch_size "
            "wastes less",
        )


def check_memory(memory: Memory, device: torch.device) -> Iterator[Finding]:
    """Whether training will need more than a device has."""
    capacity = measure_capacity(device)
    if capacity is not None and memory.training > capacity:
        yield Finding(
            "warning",
            f"training will take about {memory.training / GIBIBYTE:.1f} GiB in float32, and {device} has "
            f"{capacity / GIBIBYTE:.1f} GiB; lower data.batch_size, data.patch_size or network.features, or set "
            "network.checkpointing=true or training.precision=bf16-mixed",
        )


def check_batch(batch_size: int, device: torch.device) -> Iterator[Finding]:
    """Whether a lone image a step makes training slow: on a CPU torch has no fast convolutions for it."""
    if device.type == "cpu" and batch_size == 1:
        yield Finding(
            "warning",
            "on a CPU torch takes up to four times longer over one image alone than over each of two together; "
            "set data.batch_size=2 or more",
        )


def measure_capacity(device: torch.device) -> int | None:
    """Bytes of memory that a device has; None where nobody says."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _join(values: set[int]) -> str:
    return ", ".join(map(str, sorted(values)))
