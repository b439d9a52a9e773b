"""How well a plain threshold does on scroll phantoms, and the picture in the documentation.

python benchmarks/phantoms.py --size 96
python benchmarks/phantoms.py --picture docs/pictures/phantoms.png
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from volumen.data import make_neurons, make_scroll
from volumen.data.phantoms import ScrollPhantom

TRAINING = range(6)
HELD_OUT = range(100, 106)
EDGE = 168  # voxels of a picture's panel


def main() -> None:
    """Print Dice of thresholds, or draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if options.picture is not None:
        draw_picture(options.picture)
    else:
        print_thresholds(options.size)


def print_thresholds(size: int) -> None:
    """Dice of the best threshold of the training cases on others, and of the best that each of those could have."""
    training = sum(score_thresholds(make_scroll(size, seed)) for seed in TRAINING)
    held_out = [score_thresholds(make_scroll(size, seed)) for seed in HELD_OUT]
    value = int(compute_dice(training).argmax())
    own = np.mean([compute_dice(counts).max() for counts in held_out])
    everything = np.mean([compute_dice(counts)[0] for counts in held_out])
    print(f"{size}³, Dice of the surface where somebody looked, mean over {len(HELD_OUT)} cases")
    print(f"best threshold of {len(TRAINING)} other cases ({value}): {compute_dice_mean(held_out, value):.3f}")
    print(f"best threshold of each case itself: {own:.3f}")
    print(f"everything is surface: {everything:.3f}")


def score_thresholds(phantom: ScrollPhantom) -> np.ndarray:
    """For each grey value the surface voxels, voxels and surface voxels in all at or above it: 3 × 256."""
    seen = phantom.labels != 2
    surface = np.bincount(phantom.image[phantom.labels == 1], minlength=256)
    voxels = np.bincount(phantom.image[seen], minlength=256)
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
