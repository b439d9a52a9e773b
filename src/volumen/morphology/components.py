"""Connected components of a mask or of labels: numbered, counted, measured, dropped when small.

A component is a largest set of voxels of one non-zero label that hang together. In a mask all foreground has one
label. Voxels touch through faces (6), faces and edges (18), or faces, edges and corners (26, the default everywhere).
"""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, Integer

from volumen.errors import DataError

Connectivity = Literal[6, 18, 26]
Mask = Bool[np.ndarray, "z y x"]
Labels = Bool[np.ndarray, "z y x"] | Integer[np.ndarray, "z y x"]


def label_components(labels: Labels, connectivity: Connectivity = 26) -> Integer[np.ndarray, "z y x"]:
    """Each component with a number of its own, from 1 in the order of first voxels; 0 is background.

    Holds the result, 2 to 4 bytes a voxel, and about as much again on the way.
    """
    numbered, _ = _number_components(labels, connectivity)
    return numbered


def count_components(labels: Labels, connectivity: Connectivity = 26) -> int:
    """How many components there are; memory as for `label_components`."""
    _, count = _number_components(labels, connectivity)
    return count


def measure_components(labels: Labels, connectivity: Connectivity = 26) -> Int64[np.ndarray, " components"]:
    """Voxels of each component, in the order of first voxels; memory as for `label_components`."""
    numbered, _ = _number_components(labels, connectivity)
    return measure_sizes(numbered)[1:]


def keep_large(labels: Labels, voxels: int, connectivity: Connectivity = 26) -> Labels:
    """The mask or labels without components of fewer than `voxels` voxels; one of exactly `voxels` stays.

    Memory as for `label_components`, plus the result.
    """
    numbered, _ = _number_components(labels, connectivity)
    keep = measure_sizes(numbered) >= voxels
    keep[0] = False
    kept: Labels = labels * keep[numbered]
    return kept


def keep_marked(mask: Mask, marks: Mask, connectivity: Connectivity = 26) -> Mask:
    """The components of a mask that hold at least one marked voxel; memory as for `keep_large`."""
    numbered, count = _number_components(mask, connectivity)
    keep = np.zeros(count + 1, dtype=bool)
    keep[numbered[marks]] = True
    keep[0] = False
    kept: Mask = keep[numbered]
    return kept


def relabel(labels: Integer[np.ndarray, "z y x"]) -> Integer[np.ndarray, "z y x"]:
    """The labels renumbered 1 to n in their old order, 0 kept, in the smallest unsigned type.

    Holds the result, 1 to 4 bytes a voxel, and one slice on the way; labels may go up to 2**64 - 1.
    """
    zero = np.zeros(1, labels.dtype)
    ids = np.unique(np.concatenate([zero, *(np.unique(plane) for plane in labels)]))
    if ids[0] < 0:
        raise DataError(f"labels to renumber must not be negative; the lowest is {ids[0]}")
    renumbered = np.empty(labels.shape, np.min_scalar_type(len(ids) - 1))
    for plane, source in zip(renumbered, labels, strict=True):
        plane[...] = np.searchsorted(ids, source)
    return renumbered


def list_contacts(
    numbered: Integer[np.ndarray, "z y x"], connectivity: Connectivity = 26
) -> Int64[np.ndarray, "pairs 2"]:
    """Pairs of numbers other than 0 whose voxels touch, each once and in order."""
    import cc3d

    pairs = cc3d.region_graph(np.ascontiguousarray(numbered), connectivity=connectivity)
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def require_mask(mask: np.ndarray) -> None:
    """Nothing when the array is boolean with three axes, else an error: `~` on other types would be silently wrong."""
    if mask.dtype != np.bool_ or mask.ndim != 3:  # noqa: PLR2004 - z, y and x
        raise DataError(f"a mask is boolean with axes z y x; got {mask.dtype} {mask.shape}; write labels != 0")


def measure_sizes(numbered: Integer[np.ndarray, "z y x"]) -> Int64[np.ndarray, " numbers"]:
    """Voxels of every number from 0 to the largest."""
    import cc3d

    # np.bincount would copy to 8 bytes a voxel
    statistics = cc3d.statistics(numbered, no_slice_conversion=True)
    sizes: Int64[np.ndarray, " numbers"] = statistics["voxel_counts"].astype(np.int64)
    return sizes


def _number_components(labels: Labels, connectivity: Connectivity) -> tuple[Integer[np.ndarray, "z y x"], int]:
    import cc3d

    mask = labels.dtype == np.bool_
    even = _pad_even(labels) if mask else labels
    numbered, count = cc3d.connected_components(
        np.ascontiguousarray(even), connectivity=connectivity, binary_image=mask, return_N=True
    )
    z, y, x = labels.shape
    return np.ascontiguousarray(numbered[:z, :y, :x]), int(count)


def _pad_even(mask: Mask) -> Bool[np.ndarray, "ez ey ex"]:
    """The mask with a plane of background behind each axis of odd extent.

    cc3d 4.1 makes room for one component in eight voxels of a mask: too few where pairs of voxels do not fit evenly
    and voxels lie scattered, as in `[[[1, 0, 1]]]`, and it fails.
    """
    return np.pad(mask, [(0, extent % 2) for extent in mask.shape]) if any(e % 2 for e in mask.shape) else mask
