"""What each target costs a loader's worker, beside the usual way with SciPy and scikit-image.

python benchmarks/targets.py
python benchmarks/targets.py --size 64 --repeats 5
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage
from skimage.feature import structure_tensor
from skimage.morphology import skeletonize
from skimage.segmentation import find_boundaries

from volumen.data import make_neurons, make_scroll
from volumen.targets import (
    AffinitiesTarget,
    BinaryTarget,
    BoundaryTarget,
    CentreOffsetsTarget,
    DirectionTarget,
    DistanceTarget,
    EmbeddingTarget,
    FlowTarget,
    MedialSurfaceTarget,
    NearestTarget,
    NormalsTarget,
    PolarityTarget,
    ShapeDescriptorsTarget,
    SkeletonDistanceTarget,
    SkeletonTarget,
    StructureTensorTarget,
    Target,
)

Labels = np.ndarray
Row = tuple[str, Target, str, Callable[[Labels], object] | None]

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
LONG = (*NEAREST, (2, 0, 0), (0, 3, 0), (0, 0, 3), (3, 0, 0), (0, 9, 0), (0, 0, 9), (4, 0, 0), (0, 27, 0), (0, 0, 27))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    scroll = make_scroll(options.size, 0).labels
    patches = {
        "cells": make_neurons((options.size,) * 3, 0).labels["neurons"].astype(np.int64),
        "sheets": np.where(scroll == 2, -100, scroll.astype(np.int64)),
    }
    print(
        f"{options.size}³, one thread, CPU ms: the best of {options.repeats} after the first, and one run of the peer\n"
    )
    print("| target | ms | SciPy, scikit-image |\n|---|---|---|")
    for name, target, kind, peer in list_rows():
        labels = patches[kind]
        tensor = torch.from_numpy(labels)[None]
        ours = measure(lambda target=target, tensor=tensor: target.encode(tensor), options.repeats)
        theirs = "" if peer is None else f"{measure(lambda peer=peer, labels=labels: peer(labels), 1):.0f}"
        print(f"| {name} | {ours:.0f} | {theirs} |", flush=True)


def list_rows() -> list[Row]:
    """Name, target, which phantom, and the usual way."""
    return [
        ("binary", BinaryTarget(), "cells", lambda labels: labels > 0),
        ("polarity", PolarityTarget(), "cells", None),
        ("embedding", EmbeddingTarget(), "cells", lambda labels: np.unique(labels, return_inverse=True)),
        ("affinities, 3", AffinitiesTarget(), "cells", lambda labels: roll_labels(labels, NEAREST)),
        ("affinities, 12", AffinitiesTarget(offsets=LONG), "cells", lambda labels: roll_labels(labels, LONG)),
        ("boundary", BoundaryTarget(), "cells", lambda labels: find_boundaries(labels, mode="inner")),
        ("boundary, 2 voxels", BoundaryTarget(thickness=2), "cells", None),
        ("distance, signed", DistanceTarget(), "sheets", lambda labels: measure_signed(labels > 0)),
        ("distance, per object", DistanceTarget(side="inside", per_object=True), "cells", measure_each),
        ("flow", FlowTarget(), "cells", lambda labels: np.gradient(measure_each(labels))),
        ("centre offsets", CentreOffsetsTarget(), "cells", find_centres),
        ("normals", NormalsTarget(), "sheets", lambda labels: measure_normals(labels > 0)),
        ("structure tensor", StructureTensorTarget(), "sheets", lambda x: structure_tensor(measure_signed(x > 0), 1.5)),
        ("direction", DirectionTarget(), "sheets", None),
        ("nearest", NearestTarget(), "sheets", lambda x: ndimage.distance_transform_edt(x == 0, return_indices=True)),
        ("shape descriptors, σ 4", ShapeDescriptorsTarget(sigma=4), "cells", lambda labels: describe_shapes(labels, 4)),
        ("shape descriptors, σ 10", ShapeDescriptorsTarget(sigma=10), "cells", None),
        ("skeleton", SkeletonTarget(), "cells", lambda labels: [skeletonize(part) for _, part in list_parts(labels)]),
        ("skeleton distance", SkeletonDistanceTarget(), "cells", None),
        ("medial surface", MedialSurfaceTarget(), "sheets", lambda labels: skeletonize(labels > 0)),
    ]


def measure(work: Callable[[], object], repeats: int) -> float:
    """The least CPU milliseconds; the first call, which compiles, is not counted when there are several."""
    times = []
    for _ in range(repeats + (repeats > 1)):
        started = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - started))
    return min(times)


def roll_labels(labels: Labels, offsets: tuple[tuple[int, int, int], ...]) -> list[np.ndarray]:
    """Affinities as a comparison with the rolled labels."""
    return [(labels == np.roll(labels, offset, (0, 1, 2))) & (labels > 0) for offset in offsets]


def measure_signed(mask: np.ndarray) -> np.ndarray:
    """Outside less inside."""
    return ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)


def list_parts(labels: Labels) -> list[tuple[tuple[slice, ...], np.ndarray]]:
    """Every object in its box, a voxel of background around."""
    boxes = enumerate(ndimage.find_objects(labels), start=1)
    return [(box, np.pad(labels[box] == number, 1)) for number, box in boxes if box is not None]


def measure_each(labels: Labels) -> np.ndarray:
    """Distances inside, object by object."""
    distance = np.zeros(labels.shape)
    for box, part in list_parts(labels):
        distance[box] += ndimage.distance_transform_edt(part)[1:-1, 1:-1, 1:-1]
    return distance


def find_centres(labels: Labels) -> np.ndarray:
    """The centre of every object, at each of its voxels."""
    numbers = np.unique(labels)
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
    return centres[np.searchsorted(numbers, labels)]


def measure_normals(mask: np.ndarray) -> list[np.ndarray]:
    """Derivatives of Gaussians of the signed distance."""
    distance = measure_signed(mask)
    orders = ([1, 0, 0], [0, 1, 0], [0, 0, 1])
    return [ndimage.gaussian_filter(distance, 1.0, order=order) for order in orders]


def describe_shapes(labels: Labels, sigma: float) -> None:
    """The ten filters of local shape descriptors, object by object in its box."""
    for _, part in list_parts(labels):
        places = np.indices(part.shape)
        pairs = [places[i] * places[j] for i in range(3) for j in range(i, 3)]
        for moment in (1, *places, *pairs):
            ndimage.gaussian_filter((part * moment).astype(float), sigma, mode="constant", truncate=3.0)


if __name__ == "__main__":
    main()
