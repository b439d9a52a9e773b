"""How well a plain threshold does on phantoms, and the picture in the documentation.

python benchmarks/phantoms.py --size 96
python benchmarks/phantoms.py --kind ink --size 256
python benchmarks/phantoms.py --kind fibres --size 96
python benchmarks/phantoms.py --kind vesicles --size 96
python benchmarks/phantoms.py --picture docs/pictures/phantoms.png
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from volumen.data import make_fibres, make_ink, make_neurons, make_scroll, make_vesicles
from volumen.metrics import score_rand
from volumen.morphology import label_components

TRAINING = range(6)
HELD_OUT = range(100, 106)
EDGE = 168  # voxels of a picture's panel


def main() -> None:
    """Print Dice of thresholds, or draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(KINDS), default="scroll")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if options.picture is not None:
        draw_picture(options.picture)
    else:
        print_thresholds(options.kind, options.size)


@dataclass(frozen=True)
class Seen:
    """What a threshold is judged on: a grey picture, the truth and where somebody looked."""

    image: np.ndarray
    truth: np.ndarray
    known: np.ndarray


def make_seen_scroll(size: int, seed: int) -> Seen:
    """A scroll: its surface."""
    phantom = make_scroll(size, seed)
    return Seen(phantom.image, phantom.labels == 1, phantom.labels != 2)


def make_seen_fibres(size: int, seed: int) -> Seen:
    """Fibres: all of them together."""
    phantom = make_fibres(size, seed)
    return Seen(phantom.image, phantom.labels, np.ones(phantom.image.shape, bool))


def make_seen_vesicles(size: int, seed: int) -> Seen:
    """Vesicles, which are rings: dark is foreground."""
    phantom = make_vesicles((max(size // 4, 16), size, size), seed)
    return Seen(255 - phantom.image, phantom.vesicles, phantom.mask > 0)


def make_seen_layer(layer: int) -> Callable[[int, int], Seen]:
    """One layer of a surface volume, and its ink."""

    def make(size: int, seed: int) -> Seen:
        phantom = make_ink(size, seed)
        return Seen(phantom.image[layer : layer + 1], phantom.ink, phantom.mask > 0)

    return make


# What is thresholded of each kind: of ink the layer that does best, as the search below found.
KINDS: dict[str, Callable[[int, int], Seen]] = {
    "scroll": make_seen_scroll,
    "ink": make_seen_layer(30),
    "fibres": make_seen_fibres,
    "vesicles": make_seen_vesicles,
}


def print_thresholds(kind: str, size: int) -> None:
    """Dice of the best threshold of the training cases on others, and of the best that each of those could have."""
    training = sum(score_thresholds(KINDS[kind](size, seed)) for seed in TRAINING)
    cases = [KINDS[kind](size, seed) for seed in HELD_OUT]
    held_out = [score_thresholds(case) for case in cases]
    value = int(compute_dice(training).argmax())
    own = np.mean([compute_dice(counts).max() for counts in held_out])
    everything = np.mean([compute_dice(counts)[0] for counts in held_out])
    print(f"{kind} {size}, Dice where somebody looked, mean over {len(HELD_OUT)} cases")
    print(f"best threshold of {len(TRAINING)} other cases ({value}): {compute_dice_mean(held_out, value):.3f}")
    print(f"best threshold of each case itself: {own:.3f}")
    print(f"everything is foreground: {everything:.3f}")
    if kind in {"fibres", "vesicles"}:
        errors = [score_components(case, value) for case in cases]
        print(f"adapted Rand error of its components on the truth's foreground: {np.mean(errors):.3f}")


def score_components(case: Seen, value: int) -> float:
    """Adapted Rand error of the components above a threshold."""
    found = label_components((case.image >= value) & case.known, 6)
    return float(score_rand(found, case.truth.astype(np.int64), ignore=~case.known).rand)


def score_thresholds(case: Seen) -> np.ndarray:
    """For each grey value the foreground voxels, voxels and foreground voxels in all at or above it: 3 × 256."""
    truth = (case.truth > 0) & case.known
    surface = np.bincount(case.image[truth], minlength=256)
    voxels = np.bincount(case.image[case.known], minlength=256)
    above = [np.cumsum(counts[::-1])[::-1] for counts in (surface, voxels)]
    return np.stack([*above, np.full(256, surface.sum())])


def compute_dice(counts: np.ndarray) -> np.ndarray:
    """Dice at each threshold."""
    hits, found, truth = counts
    return 2 * hits / (found + truth)


def compute_dice_mean(cases: list[np.ndarray], value: int) -> float:
    """Mean Dice of cases at one threshold."""
    return float(np.mean([compute_dice(counts)[value] for counts in cases]))


def draw_picture(path: Path) -> None:
    """Write slices of both kinds beside their labels: scroll above, neurons below."""
    scroll = make_scroll(EDGE, 10)
    neurons = make_neurons((24, EDGE, EDGE), 1)
    grey = np.array([0, 255, 90], np.uint8)
    middle = EDGE // 2
    above = [scroll.image[middle], grey[scroll.labels[middle]], scroll.image[:, middle], grey[scroll.labels[:, middle]]]
    palette = np.random.default_rng(3).integers(50, 256, (4096, 3), np.uint8)
    palette[0] = 0
    z = 12
    organelles = palette[neurons.labels["mitochondria"][z]] | palette[neurons.labels["vesicles"][z]]
    below = [neurons.image[z], palette[neurons.labels["neurons"][z]], neurons.image[z + 1], organelles]
    rows = [
        np.hstack([panel if panel.ndim == 3 else np.repeat(panel[..., None], 3, 2) for panel in row])
        for row in (above, below)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(rows)).quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
