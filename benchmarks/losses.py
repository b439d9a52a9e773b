"""What each loss costs on one patch of one channel, forward and backward, beside MONAI's of the same name.

python benchmarks/losses.py --sizes 64 128

Sheets that wave, blurred and noisy logits. What losses look at beside (distances, skeletons) is made beforehand, as
training does in loader processes. One process and one thread, after a small patch: CPU milliseconds, the mean of up to
ten passes, and the resident memory that the first added to the inputs.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from ctypes import CDLL
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent / "peers"))

from measuring import Figures, forget_peak, read_memory

from volumen.config import WeightedComponent, build_component
from volumen.heads import AffinitySpec, HeadSpec
from volumen.losses import LossContext, TruthMap

WARM_UP = 24
LEAST_SECONDS, MOST_PASSES = 0.3, 10
PERIOD = 14  # voxels from sheet to sheet
FOREGROUND = HeadSpec("surface", 1, "sigmoid")
# Heads of losses that are not asked for a foreground; by the loss's name, the target and its channels.
OTHERS = {
    "cosine": ("normals", 3),
    "discriminative": ("embedding", 16),
    "l1": ("distance", 1),
    "malis": ("affinities", 3),
    "mse": ("distance", 1),
    "normal_smoothness": ("normals", 3),
    "signed_distance": ("distance", 1),
    "smooth_l1": ("distance", 1),
    "tensor": ("structure_tensor", 6),
}


class Case(NamedTuple):
    """A prediction beside its truth, and the labels that both are of."""

    labels: Tensor
    logits: Tensor
    truth: Tensor
    weight: Tensor


def main() -> None:
    """Measure every loss at every size and print a table."""
    options = parse_options()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    losses = options.only or list_losses()
    rows: dict[str, list[str]] = {name: [] for name in losses}
    for size in options.sizes:
        for name in losses:
            print(f"… {name} {size}³", file=sys.stderr)
            rows[name] += [measure_loss(name, size), measure_peer(name, size)]
    print_table(rows, options.sizes)


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128], help="edges of the patch in voxels")
    parser.add_argument("--only", nargs="+", help="names of losses; all when not given")
    return parser.parse_args()


def list_losses() -> list[str]:
    """Every loss of ours."""
    from volumen.registry import TABLES

    return sorted(TABLES["loss"])


def measure_loss(name: str, size: int) -> str:
    """Figures of one of our losses."""
    target, channels = OTHERS.get(name, ("binary", 1))
    activation = "sigmoid" if target in {"binary", "affinities"} else "none"
    steps = AffinitySpec(((1, 0, 0), (0, 1, 0), (0, 0, 1))) if target == "affinities" else None
    head = HeadSpec("head", channels, activation, target, affinities=steps)
    loss = build_component("loss", WeightedComponent(name=name))

    def prepare(edge: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        case = draw_case(edge, target, channels)
        context = LossContext(head, maps={asked.name: encode(asked, case.labels) for asked in loss.maps})
        return case.logits, lambda logits: loss(logits, case.truth, case.weight, context)

    return format_figures(measure_steps(prepare, size))


def measure_peer(name: str, size: int) -> str:
    """Figures of MONAI's or torch's loss of the same formula; a dash where there is none."""
    peers = dict(list_peers())
    if name not in peers:
        return "–"

    def prepare(edge: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        case = draw_case(edge, "binary", 1)
        return case.logits, lambda logits: peers[name](logits, case.truth)

    return format_figures(measure_steps(prepare, size))


def list_peers() -> Iterator[tuple[str, Callable[..., Tensor]]]:
    """By our name, losses of others for a sigmoid of one channel."""
    from monai import losses

    yield "cross_entropy", torch.nn.BCEWithLogitsLoss()
    yield "dice", losses.DiceLoss(sigmoid=True)
    yield "focal", losses.FocalLoss()
    yield "generalised_dice", losses.GeneralizedDiceLoss(sigmoid=True)
    yield "tversky", losses.TverskyLoss(sigmoid=True)
    yield "hausdorff", losses.HausdorffDTLoss(sigmoid=True, include_background=True)
    yield "cldice", losses.SoftclDiceLoss(sigmoid=True)
    yield "mse", torch.nn.MSELoss()
    yield "l1", torch.nn.L1Loss()
    yield "smooth_l1", torch.nn.SmoothL1Loss()


def draw_case(edge: int, target: str, channels: int) -> Case:
    """A patch of wavy sheets, and a prediction of them that is right in most places."""
    z, y, x = np.indices((edge,) * 3)
    height = z + 3 * np.sin(y / 9) + 2 * np.cos(x / 7)
    sheets = np.where(height % PERIOD < 5, height // PERIOD + 1, 0)
    labels = torch.from_numpy(sheets.astype(np.int64))[None]
    encoded = encode(WeightedComponent(name=target), labels)
    noise = torch.randn(1, channels, *labels.shape[1:], generator=torch.Generator().manual_seed(0))
    ideal = 4 * (2 * encoded.values - 1) if target in {"binary", "affinities"} else encoded.values
    return Case(labels, ideal + 2 * noise, encoded.values, encoded.weight)


def encode(component: Any, labels: Tensor) -> TruthMap:
    """A target of the labels in float32."""
    encoded = build_component("target", component).encode(labels)
    return TruthMap(encoded.values.float(), encoded.weight.float())


def measure_steps(prepare: Callable[[int], tuple[Tensor, Callable[[Tensor], Tensor]]], size: int) -> Figures:
    """CPU seconds of a forward and of a backward pass, the mean of several, and the memory that both took at most."""
    run_passes(*prepare(WARM_UP))
    logits, loss = prepare(size)
    CDLL("libc.so.6").malloc_trim(0)  # or what was freed before would be taken again unseen
    forget_peak()
    before = read_memory("VmRSS")
    passes = [run_passes(logits, loss)]
    added = read_memory("VmHWM") - before
    while sum(map(sum, passes)) < LEAST_SECONDS and len(passes) < MOST_PASSES:
        passes.append(run_passes(logits, loss))
    forward, backward = (mean(times) for times in zip(*passes, strict=True))
    return {"forward": forward, "backward": backward, "added_mib": added}


def run_passes(logits: Tensor, loss: Callable[[Tensor], Tensor]) -> tuple[float, float]:
    """CPU seconds of one forward and one backward pass."""
    leaf = logits.detach().requires_grad_()
    times = [time.process_time()]
    cost = loss(leaf)
    times.append(time.process_time())
    cost.backward()
    times.append(time.process_time())
    return times[1] - times[0], times[2] - times[1]


def format_figures(figures: Figures) -> str:
    """Milliseconds of both passes, and the memory."""
    times = (format(1000 * figures[key], ".3g") for key in ("forward", "backward"))
    return f"{' / '.join(times)}, {figures['added_mib']:.0f}"


def print_table(rows: dict[str, list[str]], sizes: list[int]) -> None:
    """A Markdown table: ours and the peer's at every size."""
    heads = [column for size in sizes for column in (f"{size}³", f"{size}³, peer")]
    print("CPU ms forward / backward, MiB\n")
    print(f"| loss | {' | '.join(heads)} |")
    print("|---" * (1 + len(heads)) + "|")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
