"""Skeletons: the centre curves of tubes and the medial surfaces of sheets.

They are two things. Thinning in three dimensions keeps every component and tunnel, and nothing else: a neurite becomes
its centre curve, but a sheet shrinks to a few curves that say nothing of its extent. Sheets are thinned slice by slice
in two dimensions instead (Zhang and Suen 1984), along every axis: a slice across a sheet shows a band, whose centre
line lies in the medial surface. A slice along the sheet shows a wide blob and gives lines anywhere in it; asking that
two of the three directions agree leaves those out.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Integer

from volumen.errors import ConfigError
from volumen.morphology.components import Labels, relabel
from volumen.morphology.holes import fill_holes

Cut = Bool[np.ndarray, "bz by bx"]
AXES = 3


def skeletonize_curves(labels: Labels) -> Labels:
    """The centre curves of a mask or of each label, one voxel wide (26-connected); a label's curve carries its id.

    For tubes: neurites, vessels, fibres. Voxels go layer by layer, from one side at a time, each only while it is
    simple (Bertrand and Malandain 1994) and no end of a curve, so each piece of an object leaves exactly one piece of
    skeleton, and each tunnel a loop. (scikit-image's `skeletonize(method="lee")` loses objects whole, such as bars of
    4 × 4 voxels: its issue 3757.) Cavities are filled first, for a shell has no centre curve; where another object
    lies in one, the curve is left out. Labels are thinned one by one, so objects may touch. Beyond the faces of the
    volume is background. Holds the result, and of the object at work 16 bytes a voxel and 5 a voxel of its box.
    """
    return _thin_each(labels, lambda part: _thin_curves(fill_holes(part, part.size)))


def find_medial_surface(labels: Labels, *, axes: Sequence[int] = (0, 1, 2), agreement: int | None = None) -> Labels:
    """The voxels of a mask or of each label that lie in the middle of its sheets, one to two voxels thick.

    For sheets: scroll surfaces, membranes. A tube gives its centre curve, roughly. The surface may have pores and
    crumbs: it says where the middle is, not how many pieces there are. Labels are thinned one by one.
    Holds the result and 3 bytes a voxel of the object at work.

    Args:
        labels: a mask, or labels with 0 as background; 2D data has z = 1.
        axes: across which to slice; one axis is fastest, and blind to sheets that lie in its slices.
        agreement: of how many axes the thinned slices must hold a voxel. None stands for 2, or 1 with a single axis.
            1 of several axes joins all they find: without pores, but twice as thick and farther from the middle.
    """
    if not axes or len(set(axes)) != len(axes) or not set(axes) <= set(range(AXES)):
        raise ConfigError(f"axes to slice across are some of 0, 1, 2, each once; got {tuple(axes)}")
    if agreement is not None and not 1 <= agreement <= len(axes):
        raise ConfigError(f"agreement is between 1 and the number of axes, {len(axes)}; got {agreement}")
    across = [axis for axis in axes if _is_thick(labels.shape, axis)] or [axes[0]]
    needed = min(2 if agreement is None else agreement, len(across))
    return _thin_each(labels, lambda part: _thin_slices(part, across, needed))


def _is_thick(shape: tuple[int, ...], axis: int) -> bool:
    """Whether slices across an axis are more than lines of voxels."""
    return all(extent > 1 for other, extent in enumerate(shape) if other != axis)


def _thin_curves(mask: Cut) -> Cut:
    from volumen.morphology.skeleton_kernels import STEPS, Grid, thin_to_curves

    padded = np.pad(mask, 1).view(np.uint8)
    thin_to_curves(Grid(padded.reshape(-1), STEPS @ np.array(padded.strides)))
    thin: Cut = padded[1:-1, 1:-1, 1:-1] > 0
    return thin


def _thin_slices(mask: Cut, axes: Sequence[int], agreement: int) -> Cut:
    """The voxels that lie on the thinned slices across at least so many axes."""
    from skimage.morphology import skeletonize

    votes = np.zeros(mask.shape, np.uint8)
    for axis in axes:
        for votes_of_slice, plane in zip(np.moveaxis(votes, axis, 0), np.moveaxis(mask, axis, 0), strict=True):
            if plane.any():
                votes_of_slice[skeletonize(plane)] += 1  # type: ignore[no-untyped-call]
    return votes >= agreement


def _thin_each(labels: Labels, thin: Callable[[Cut], Cut]) -> Labels:
    """A mask thinned in the box that holds it; labels one at a time in theirs, each under its own id."""
    result = np.zeros_like(labels)
    numbered = labels.view(np.uint8) if labels.dtype == np.bool_ else relabel(labels)
    for number, box in _list_objects(numbered):
        part = numbered[box] == number
        curve = thin(part) & (part | (numbered[box] == 0))
        result[box][curve] = labels[box][part][0]
    return result


def _list_objects(numbered: Integer[np.ndarray, "z y x"]) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Number and bounding box of each object, in order."""
    from scipy.ndimage import find_objects

    if numbered.any():
        yield from enumerate(find_objects(numbered), start=1)
