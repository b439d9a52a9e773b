"""Scores one pair of synthetic surfaces; prints its figures as JSON.

python benchmarks/peers/score_surface.py sheets --size 320
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from measuring import measure

PITCH, THICKNESS = 40, 2.4  # voxels: 6 % foreground
ROUGHNESS = 0.3  # of the predicted surface, voxels
SPECKLES = 2000  # in 320³
GAP = 3.3  # standard deviations of smooth noise beyond which the prediction has a hole

Pair = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Make the pair that was asked for and score it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pair", choices=["sheets", "holes", "noise", "first"])
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--density", type=float, default=0.5)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    pair = make_noise(options.size, options.density)
    if options.pair in {"sheets", "holes"}:
        pair = make_sheets(options.size, holes=options.pair == "holes")
    score, figures = measure_score(pair, options.workers, warm=options.pair != "first")
    shares = [float((mask == 1).mean()) for mask in pair]
    print(json.dumps(figures | {"score": score.score, "counts": list(score.counts.values()), "shares": shares}))


def measure_score(pair: Pair, workers: int, *, warm: bool) -> tuple:
    """The score and its figures, once what is compiled has been read, or with reading it."""
    from volumen.metrics import score_surface

    if warm:
        score_surface(*make_noise(16, 0.5), workers=workers)
    return measure(lambda: score_surface(*pair, workers=workers))


def make_noise(size: int, density: float) -> Pair:
    """Two volumes of random voxels."""
    rng = np.random.default_rng(0)
    one, other = ((rng.random((size,) * 3, np.float32) < density).astype(np.uint8) for _ in range(2))
    return one, other


def make_sheets(size: int, *, holes: bool) -> Pair:
    """Wavy sheets, and a prediction of them with rough surfaces, gaps and speckles; with holes in both on demand."""
    rng = np.random.default_rng(0)
    z, y, x = np.ogrid[:size, :size, :size]
    height = z + 6 * np.sin(y / 25) + 4 * np.cos(x / 33) + 3 * np.sin((x + y) / 41)
    distance = ((height + PITCH / 2) % PITCH - PITCH / 2).astype(np.float32)
    noise = smooth(rng, size)
    truth = np.abs(distance) < THICKNESS / 2
    prediction = (np.abs(distance + ROUGHNESS * noise) < THICKNESS / 2) & (noise < GAP)
    if holes:
        truth &= smooth(rng, size) < GAP
    prediction |= rng.random(truth.shape, np.float32) < SPECKLES / 320**3
    return prediction.astype(np.uint8), truth.astype(np.uint8)


def smooth(rng: np.random.Generator, size: int) -> np.ndarray:
    """Noise that is alike within a few voxels, of unit variance."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(rng.standard_normal((size,) * 3, np.float32), 1.5)
    return noise / noise.std()


if __name__ == "__main__":
    main()
