"""How tiles go through networks: batch, layout, threads and precision, chosen once and obeyed ever after."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import product
from math import prod
from typing import Any, cast

import torch
from jaxtyping import Float32
from torch import Tensor

from volumen.errors import ConfigError, MemoryBudgetError
from volumen.geometry import Shape, to_shape
from volumen.inference.knobs import Compute, Layout, Precision, Tiling
from volumen.inference.memory import trim_memory
from volumen.inference.model import Model
from volumen.inference.stream import Heads, read_outputs
from volumen.inference.threads import set_threads
from volumen.networks import arrange_weights

# Tuning on small tiles costs at most eight forwards of them: for fewer tiles it would not pay.
TUNED_FROM_TILES = 48
# From here on tiles are timed as they are, which costs a few per cent; which layout is fastest depends on the size
# (plain U-Net of 32 features, AVX-512: contiguous by 12 % at 64³, channels last by 14 % at 128³).
TUNED_EXACTLY_FROM_TILES = 100
# Longest edge of the tiles that are timed otherwise: large enough to leave the caches.
TUNING_EDGE = 64
# A second tile in a batch gains nothing in larger ones: on the CPU up to 40 % at 64³, 12 % at 96³, none at 128³; on a
# GPU, which else waits for its next kernel, 30 % at 128³.
MOST_VOXELS_IN_PAIRS = {"cpu": 96**3, "cuda": 192**3}
SECONDS_A_CANDIDATE = {"cpu": 0.2, "cuda": 0.05}

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last_3d}


@dataclass(frozen=True)
class Execution:
    """What decides the last bit of a forward; part of every prediction's plan."""

    device: str
    batch: int
    layout: Layout
    threads: int
    precision: Precision

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def choose_execution(
    models: Sequence[Model], tile: Shape, *, tiling: Tiling, compute: Compute, tiles: int
) -> Execution:
    """What was asked for; what was not is timed where there are tiles enough for it to pay.

    A second tile in a batch costs activations, so a memory budget keeps to one unless two are asked for.
    """
    device = models[0].device.type
    if device == "cpu" and compute.precision == "fp16":
        raise ConfigError("precision fp16 needs a GPU; on the CPU choose bf16 or fp32")
    if tiling.batch is not None and tiling.batch < 1:
        raise ConfigError(f"a batch needs at least one tile; got {tiling.batch}")
    precision = compute.precision or ("fp32" if device == "cpu" else "fp16")
    layout = compute.layout or "contiguous"
    plain = Execution(device, tiling.batch or 1, layout, set_threads(compute.threads), precision)
    if tiles < TUNED_FROM_TILES:
        return plain
    timed = tile if tiles >= TUNED_EXACTLY_FROM_TILES else shrink_tile(tile, models[0].network.divisor)
    return tune_execution(models[0], timed, list_candidates(plain, tile, tiling=tiling, compute=compute))


def list_candidates(plain: Execution, tile: Shape, *, tiling: Tiling, compute: Compute) -> list[Execution]:
    """The batches and layouts that were left open, with all else as it is; the plain one first."""
    pairs = compute.memory is None and prod(tile) <= MOST_VOXELS_IN_PAIRS[plain.device]
    batches = [tiling.batch] if tiling.batch else [1, 2] if pairs else [1]
    layouts = [compute.layout] if compute.layout else list(_FORMATS)
    return [replace(plain, batch=batch, layout=cast("Layout", layout)) for batch, layout in product(batches, layouts)]


def shrink_tile(tile: Shape, divisor: Shape) -> Shape:
    """The tile with edges of at most `TUNING_EDGE`, or of two steps of the network where that is more."""
    edges = [min(edge, max(TUNING_EDGE, 2 * step)) for edge, step in zip(tile, divisor, strict=True)]
    return to_shape([edge - edge % step for edge, step in zip(edges, divisor, strict=True)])


def tune_execution(model: Model, tile: Shape, candidates: Sequence[Execution]) -> Execution:
    """The candidate that takes least time a tile; the first when there is one."""
    if len(candidates) == 1:
        return candidates[0]
    fastest = min(candidates, key=lambda candidate: _time_forward(model, tile, candidate))
    trim_memory()  # the others' activations have other sizes, and would lie about for good
    return fastest


def _time_forward(model: Model, tile: Sequence[int], execution: Execution) -> float:
    """Seconds a tile, the best of as many tries as there is time for, after one to warm up."""
    forward = EnsembleForward([model], execution)
    image = torch.zeros((execution.batch, model.channels, *tile), device=model.device)
    best, spent = float("inf"), -1.0
    while spent < SECONDS_A_CANDIDATE[image.device.type]:
        began = time.perf_counter()
        with torch.inference_mode():
            forward(image)
        if image.is_cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        best, spent = (best, 0.0) if spent < 0 else (min(best, seconds), spent + seconds)
    return best / execution.batch


def warm_up(models: Sequence[Model], tile: Shape, execution: Execution) -> None:
    """One forward of a full batch, after which the process holds what a forward needs."""
    image = torch.zeros((execution.batch, models[0].channels, *tile), device=models[0].device)
    with torch.inference_mode():
        EnsembleForward(models, execution)(image)


class EnsembleForward:
    """Several networks as one: every head of every model, from one image."""

    def __init__(self, models: Sequence[Model], execution: Execution) -> None:
        self._models = models
        self._execution = execution
        self._format = _FORMATS[execution.layout]
        for model in models:
            arrange_weights(model.network, channels_last=execution.layout == "channels_last")

    def __call__(self, image: Float32[Tensor, "b c z y x"]) -> Heads:
        """Logits by `MODEL/HEAD`, as `name_output` writes it."""
        with _compute_exactly(image.device, self._execution.precision), explain_full_memory(image):
            arranged = image.contiguous(memory_format=self._format)
            return {
                name_output(number, head): logits
                for number, model in enumerate(self._models)
                for head, logits in read_outputs(model.network(arranged)).items()
            }


def name_output(model: int, head: str) -> str:
    """The name of one model's head in an ensemble's output."""
    return f"{model}/{head}"


@contextmanager
def explain_full_memory(image: Tensor) -> Iterator[None]:
    """Says what to lower when memory runs out."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        shape = "x".join(map(str, image.shape))
        raise MemoryBudgetError(
            f"memory of {image.device} ran out in the forward of {shape}; lower --tile or --batch, or use --device cpu"
        ) from error


@contextmanager
def _compute_exactly(device: torch.device, precision: Precision) -> Iterator[None]:
    """The asked precision, and on a GPU always the same algorithm."""
    with ExitStack() as stack:
        if precision != "fp32":
            stack.enter_context(torch.autocast(device.type, dtype=_DTYPES[precision]))
        if device.type == "cuda":
            exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=True)
            stack.enter_context(exact)
        yield
