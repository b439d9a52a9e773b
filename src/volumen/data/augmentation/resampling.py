"""Patches fetched from other places: linearly for intensities, the nearest voxel for ids.

A place counts voxels from the middle of a tensor. Its three coordinates broadcast to the patch, each one long along the
axes that it does not depend on. So one that depends on its own axis only is followed along that axis, planes that all
bend alike are fetched together, and only what is left pays for eight neighbours a voxel.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor
from torch.nn.functional import grid_sample

from volumen.geometry import Shape

Coordinate = Float[Tensor, "#pz #py #px"]
Places = tuple[Coordinate, Coordinate, Coordinate]

AXES = 3


def lay_grid(shape: Shape, device: torch.device) -> Places:
    """Where the voxels of a tensor lie."""
    z, y, x = (_face(torch.arange(extent, device=device) - (extent - 1) / 2, axis) for axis, extent in enumerate(shape))
    return z, y, x


def is_straight(coordinate: Coordinate, axis: int) -> bool:
    """Whether a coordinate depends on one axis only."""
    return coordinate.numel() == coordinate.shape[axis]


def sample_linear(image: Float[Tensor, "c z y x"], places: Places) -> Float[Tensor, "c pz py px"]:
    """Values at these places, between voxels linearly; past its faces the image is mirrored."""
    folded = [_fold(place, extent) for place, extent in zip(places, image.shape[1:], strict=True)]
    across = next((axis for axis in range(AXES) if is_straight(folded[axis], axis)), None)
    if across is None:
        return sample_space(image.float(), folded).to(image.dtype)
    followed = _follow(image.float(), folded[across].flatten(), across)
    return _sample_planes(followed, folded, across).to(image.dtype)


def sample_space(image: Float[Tensor, "c z y x"], places: Sequence[Coordinate]) -> Float[Tensor, "c pz py px"]:
    """Values at these places, which lie inside, each from its eight neighbours."""
    extents, strides = image.shape[1:], image[0].contiguous().stride()
    indices = [place + (extent - 1) / 2 for place, extent in zip(places, extents, strict=True)]
    lows = [index.int().clamp_(0, max(extent - 2, 0)) for index, extent in zip(indices, extents, strict=True)]
    z, y, x = (index - low for index, low in zip(indices, lows, strict=True))
    first = sum((low * stride for low, stride in zip(lows[1:], strides[1:], strict=True)), lows[0] * strides[0])
    down, along, right = (stride if extent > 1 else 0 for stride, extent in zip(strides, extents, strict=True))

    def fetch(step: int) -> Tensor:
        neighbours = image.flatten(1).index_select(1, (first + step).flatten())
        return neighbours.view(-1, *first.shape)

    def mix_x(step: int) -> Tensor:
        return fetch(step).lerp_(fetch(step + right), x)

    def mix_yx(step: int) -> Tensor:
        return mix_x(step).lerp_(mix_x(step + along), y)

    return mix_yx(0).lerp_(mix_yx(down), z)


def sample_nearest(values: Shaped[Tensor, "c z y x"], places: Places) -> Shaped[Tensor, "c pz py px"]:
    """The voxel nearest to each place, past the faces the outermost; whole numbers of any size stay what they are."""
    flat = torch.zeros((1, 1, 1), dtype=torch.int32, device=values.device)
    for place, extent in zip(places, values.shape[1:], strict=True):
        index = (place + extent / 2).clamp_(0, extent - 0.5).int()
        flat = torch.add(index, flat, alpha=extent)
    return values.flatten(1).index_select(1, flat.flatten()).view(len(values), *flat.shape)


def lie_outside(places: Places, shape: Shape) -> Bool[Tensor, "pz py px"]:
    """Which places are in no voxel of a tensor of `shape`."""
    z, y, x = (place.abs() > extent / 2 for place, extent in zip(places, shape, strict=True))
    return z | y | x


def _fold(place: Coordinate, extent: int) -> Coordinate:
    """A coordinate mirrored about the middles of the outermost voxels, as often as it takes."""
    half = (extent - 1) / 2
    if half == 0:
        return torch.zeros_like(place)
    low, high = place.aminmax()
    for _ in range(int(max(-low.item(), high.item()) / half + 1) // 2):
        place = place.clamp(-half, half).mul_(2).sub_(place)
    return place


def _follow(image: Float[Tensor, "c z y x"], place: Float[Tensor, " n"], axis: int) -> Float[Tensor, "c pz py px"]:
    """The image at other places along one axis."""
    extent = image.shape[1 + axis]
    if _is_still(place, extent):
        return image
    index = place + (extent - 1) / 2
    low = index.int()
    below, above = (image.index_select(1 + axis, each.clamp(0, extent - 1)) for each in (low, low + 1))
    return below.lerp_(above, _face(index - low, axis))


def _sample_planes(image: Float[Tensor, "c z y x"], places: Sequence[Coordinate], across: int) -> Float[Tensor, "..."]:
    """Every plane across an axis fetched from within itself; planes that bend alike share one grid."""
    within = [axis for axis in range(AXES) if axis != across]
    extents = image.shape[1:]
    if all(is_straight(places[axis], axis) and _is_still(places[axis].flatten(), extents[axis]) for axis in within):
        return image
    bent = [places[axis].movedim(across, 0) for axis in within]
    planes = image.movedim(1 + across, 1)
    if all(len(place) == 1 for place in bent):
        grid = _stack_grid(bent, planes.shape[2:])
        fetched = grid_sample(planes.reshape(1, -1, *planes.shape[2:]), grid, align_corners=True)
        fetched = fetched.view(*planes.shape[:2], *grid.shape[1:3])
    else:
        grid = _stack_grid(bent, planes.shape[2:])
        fetched = grid_sample(planes.movedim(1, 0), grid, align_corners=True).movedim(0, 1)
    return fetched.movedim(1, 1 + across).contiguous()


def _is_still(place: Float[Tensor, " n"], extent: int) -> bool:
    """Whether every voxel along an axis stays where it is."""
    rest = torch.arange(extent, device=place.device) - (extent - 1) / 2
    return len(place) == extent and torch.equal(place, rest)


def _stack_grid(places: Sequence[Float[Tensor, "..."]], extents: Sequence[int]) -> Float[Tensor, "..."]:
    """Places as `grid_sample` counts them: −1 to 1 from the first voxel to the last, the last axis first."""
    halves = [max(extent - 1, 1) / 2 for extent in extents]
    shape = np.broadcast_shapes(*(tuple(place.shape) for place in places))
    scaled = [(place / half).expand(shape) for place, half in zip(places, halves, strict=True)]
    return torch.stack(scaled[::-1], -1)


def _face(values: Float[Tensor, " n"], axis: int) -> Coordinate:
    """Numbers laid along one of three axes."""
    shape = [1] * AXES
    shape[axis] = len(values)
    return values.view(shape)
