"""A random forest on thirteen Gaussian features of a voxel, both classes counting alike; it needs scikit-learn.

Reads image and truth from .npy files and writes the forest's probability of each voxel that is scored to another. The
last line printed is its figures as JSON. Run by `benchmarks/learning.py`.
"""

import argparse
import json
import time
from collections.abc import Iterator

import numpy as np
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

SIGMAS = (1.0, 2.0, 4.0)
SAMPLES = 50_000  # voxels that are learned from
TREES = 50


def main() -> None:
    """Learn from some slices, judge others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("truth")
    parser.add_argument("out")
    parser.add_argument("--train", type=int, nargs=2, required=True, help="first slice and end")
    parser.add_argument("--score", type=int, nargs=2, required=True, help="first slice and end")
    parser.add_argument("--flat", action="store_true", help="filter within sections only")
    options = parser.parse_args()
    image, truth = np.load(options.image, mmap_mode="r"), np.load(options.truth, mmap_mode="r")
    learned, scored = slice(*options.train), slice(*options.score)
    cpu, wall = time.process_time(), time.monotonic()
    forest = RandomForestClassifier(TREES, min_samples_leaf=5, class_weight="balanced", random_state=0)
    forest.fit(*draw_samples(image[learned], truth[learned], flat=options.flat))
    features = stack_features(image[scored], flat=options.flat)
    probability = forest.predict_proba(features.reshape(-1, features.shape[-1]))[:, 1]
    np.save(options.out, probability.reshape(features.shape[:-1]).astype(np.float32))
    print(json.dumps({"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}))


def draw_samples(image: np.ndarray, truth: np.ndarray, *, flat: bool) -> tuple[np.ndarray, np.ndarray]:
    """Features and classes of voxels drawn at random."""
    features = stack_features(image, flat=flat)
    places = np.random.default_rng(0).choice(truth.size, min(SAMPLES, truth.size), replace=False)
    return features.reshape(-1, features.shape[-1])[places], np.asarray(truth).reshape(-1)[places] > 0


def stack_features(image: np.ndarray, *, flat: bool) -> np.ndarray:
    """The thirteen numbers of every voxel: `z y x 13`."""
    return np.stack(list(list_features(np.asarray(image, np.float32), flat=flat)), axis=-1)


def list_features(image: np.ndarray, *, flat: bool) -> Iterator[np.ndarray]:
    """The grey value; and through three Gaussian windows its mean, slope, Laplacian and spread."""
    yield image
    for sigma in SIGMAS:
        window = (0.0, sigma, sigma) if flat else (sigma,) * 3
        mean = ndimage.gaussian_filter(image, window)
        yield mean
        axes = (1, 2) if flat else (0, 1, 2)
        yield np.sqrt(sum(derive(image, window, axis, 1) ** 2 for axis in axes))
        yield sum(derive(image, window, axis, 2) for axis in axes)
        yield np.sqrt(np.maximum(ndimage.gaussian_filter(image**2, window) - mean**2, 0))


def derive(image: np.ndarray, window: tuple[float, ...], axis: int, order: int) -> np.ndarray:
    """A derivative of the smoothed image along an axis."""
    orders = [order if here == axis else 0 for here in range(3)]
    return ndimage.gaussian_filter(image, window, order=orders)


if __name__ == "__main__":
    main()
