"""What each augmentation costs a loader's worker, image and labels, beside the usual way with NumPy and SciPy.

python benchmarks/augmentation.py
python benchmarks/augmentation.py --size 64 --repeats 5
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import ndimage

from volumen.data import (
    BrightnessContrast,
    Elastic,
    Flip,
    Gamma,
    GaussianNoise,
    PatchDropout,
    Rotate,
    Rotate90,
    Sample,
    Scale,
    SliceJitter,
    Transform,
    make_neurons,
)
from volumen.data.drawing import augment_sample

Pair = tuple[np.ndarray, np.ndarray]
Peer = Callable[[np.ndarray, np.ndarray], object]

# A turn and a zoom for the peer; its time does not depend on how far.
ANGLE = np.radians(20)
TURN = np.array([[1, 0, 0], [0, np.cos(ANGLE), -np.sin(ANGLE)], [0, np.sin(ANGLE), np.cos(ANGLE)]])
ZOOM = np.diag([0.9, 1.1, 1.05])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sample = make_sample(options.size)
    image, labels = sample.image[0, 0].numpy(), sample.labels["neurons"][0].numpy()
    print(
        f"{options.size}³, image and labels, one thread, CPU ms: the best of {options.repeats}; one run of the peer\n"
    )
    print("| augmentation | ms | NumPy, SciPy |\n|---|---|---|")
    for name, transforms, peer in list_rows():
        ours = measure(lambda transforms=transforms: augment_sample(sample, transforms), options.repeats)
        theirs = "" if peer is None else f"{measure(lambda peer=peer: peer(image, labels), 1):.0f}"
        print(f"| {name} | {ours:.0f} | {theirs} |", flush=True)


def make_sample(size: int) -> Sample:
    """A patch of neurons."""
    phantom = make_neurons((size,) * 3, 0)
    labels = torch.from_numpy(phantom.labels["neurons"].astype(np.int64))[None]
    return Sample(
        image=torch.from_numpy(phantom.image.astype(np.float32) / 255)[None, None],
        labels={"neurons": labels},
        cases=("a",),
        origin=torch.zeros(1, 3, dtype=torch.int64),
        voxel_size=torch.ones(1, 3),
        seed=torch.tensor([1]),
    )


def list_rows() -> list[tuple[str, list[Transform[Any]], Peer | None]]:
    """Name, ours, and the usual way."""
    free, scale, elastic = Rotate(p=1.0), Scale(p=1.0), Elastic(p=1.0)
    return [
        ("`flip`", [Flip(p=1.0)], lambda image, labels: (image[:, ::-1].copy(), labels[:, ::-1].copy())),
        ("`rotate90`", [Rotate90(p=1.0)], lambda image, labels: (np.rot90(image).copy(), np.rot90(labels).copy())),
        ("`scale`, each axis by itself", [scale], lambda image, labels: move(image, labels, ZOOM)),
        ("`rotate` about z", [Rotate([180.0, 0.0, 0.0], p=1.0)], lambda image, labels: move(image, labels, TURN)),
        ("`rotate` about all axes", [free], lambda image, labels: move(image, labels, TURN)),
        ("`elastic`", [elastic], lambda image, labels: bend(image, labels, (6, 6, 6))),
        ("`elastic` in plane", [Elastic([0.0, 6.0, 6.0], p=1.0)], lambda image, labels: bend(image, labels, (0, 6, 6))),
        ("`slice_jitter`", [SliceJitter(p=1.0)], slip),
        ("`rotate`, `scale`, `elastic` in one pass", [free, scale, elastic], None),
        ("the same, one after the other", [free, Flip(p=0.0), scale, Flip(p=0.0), elastic], None),
        ("`elastic`, `scale`, `rotate` in one pass", [elastic, scale, free], None),
        ("`dropout`", [PatchDropout(p=1.0)], None),
        ("`gamma`", [Gamma(p=1.0)], lambda image, labels: brighten(image)),  # noqa: ARG005 - labels stay
        ("`noise`", [GaussianNoise(p=1.0)], lambda image, labels: add_noise(image)),  # noqa: ARG005
        ("`brightness_contrast`", [BrightnessContrast(p=1.0)], None),
    ]


def measure(work: Callable[[], object], repeats: int) -> float:
    """The least CPU milliseconds."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - started))
    return min(times)


def move(image: np.ndarray, labels: np.ndarray, matrix: np.ndarray) -> Pair:
    """An affine map about the middle."""
    middle = (np.array(image.shape) - 1) / 2
    offset = middle - matrix @ middle
    moved = ndimage.affine_transform(image, matrix, offset, order=1, mode="mirror")
    return moved, ndimage.affine_transform(labels, matrix, offset, order=0, mode="constant", cval=-100)


def bend(image: np.ndarray, labels: np.ndarray, most: tuple[int, int, int]) -> Pair:
    """A smooth field zoomed up from control points, and the places that it leads to."""
    rng = np.random.default_rng(0)
    points = [rng.uniform(-far, far, (8, 8, 8)) for far in most]
    pulls = [ndimage.zoom(each, np.array(image.shape) / 8, order=3) for each in points]
    places = np.indices(image.shape) + np.stack(pulls)
    moved = ndimage.map_coordinates(image, places, order=1, mode="mirror")
    return moved, ndimage.map_coordinates(labels, places, order=0, mode="constant", cval=-100)


def slip(image: np.ndarray, labels: np.ndarray) -> Pair:
    """Every fifth section shifted."""
    moved, ids = image.copy(), labels.copy()
    for z in range(0, len(image), 5):
        moved[z] = ndimage.shift(image[z], (1, -2), order=0, mode="mirror")
        ids[z] = ndimage.shift(labels[z], (1, -2), order=0, mode="constant", cval=-100)
    return moved, ids


def brighten(image: np.ndarray) -> np.ndarray:
    """A power of the scaled image, with its mean and deviation given back."""
    low, high = image.min(), image.max()
    bent = ((image - low) / (high - low)) ** 1.3
    return (bent - bent.mean()) / bent.std() * image.std() + image.mean()


def add_noise(image: np.ndarray) -> np.ndarray:
    """Normal noise."""
    return image + np.random.default_rng(0).normal(0, 0.01, image.shape).astype(np.float32)


if __name__ == "__main__":
    main()
