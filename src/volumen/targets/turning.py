"""How encoded targets turn: voxels move, and vectors, tensors and pairs of voxels turn with the space they live in."""

import abc
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, final

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from volumen.errors import ShapeError
from volumen.geometry import pair_slices
from volumen.heads import AffinitySpec, Offset

Dimensions = Literal[2, 3]
Item = TypeVar("Item")
# Components of a symmetric tensor, row by row: zz zy zx yy yx xx, or in the plane yy yx xx.
PAIRS = {2: ((1, 1), (1, 2), (2, 2)), 3: ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))}


@dataclass(frozen=True)
class Turn:
    """One of the 48 ways to lay a box of voxels onto the grid: axis a of the result is axis `axes[a]`, mirrored or not.

    Args:
        axes: where each axis of the result comes from.
        flips: which axes of the result are then mirrored.
    """

    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    @property
    def matrix(self) -> Float[Tensor, "3 3"]:
        """What becomes of a vector z y x."""
        matrix = torch.zeros(3, 3)
        for axis, (source, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            matrix[axis, source] = -1.0 if flip else 1.0
        return matrix

    def move(self, tensor: Shaped[Tensor, "*c z y x"]) -> Shaped[Tensor, "*c z2 y2 x2"]:
        """The tensor with its voxels moved and its values as they are."""
        first = tensor.ndim - 3
        moved = tensor.permute(*range(first), *(first + axis for axis in self.axes))
        return moved.flip([first + axis for axis, flip in enumerate(self.flips) if flip])

    def permute(self, triple: Sequence[Item]) -> tuple[Item, Item, Item]:
        """Three numbers that belong to the axes, as extents and voxel edges do."""
        z, y, x = (triple[axis] for axis in self.axes)
        return z, y, x


def list_turns(*, in_plane: bool = False) -> Iterator[Turn]:
    """All 48 turns, or the 16 that leave z an axis of its own."""
    for axes in itertools.permutations((0, 1, 2)):
        for flips in itertools.product((False, True), repeat=3):
            if not in_plane or axes[0] == 0:
                yield Turn(axes, flips)  # type: ignore[arg-type]  # both have three items


class Part(abc.ABC):
    """Channels that turn as one."""

    @property
    @abc.abstractmethod
    def channels(self) -> int:
        """How many they are."""

    @abc.abstractmethod
    def rotate(self, values: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Shaped[Tensor, "b d z y x"]:
        """Values whose voxels have been moved already, in the new frame."""


@final
@dataclass(frozen=True)
class Scalars(Part):
    """Numbers that are the same from everywhere."""

    channels: int = 1

    def rotate(self, values: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Shaped[Tensor, "b d z y x"]:
        """The values as they are."""
        del matrix
        return values


@final
@dataclass(frozen=True)
class Vector(Part):
    """A vector z y x, or y x in the plane."""

    dimensions: Dimensions = 3

    @property
    def channels(self) -> int:
        """One a component."""
        return self.dimensions

    def rotate(self, values: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Shaped[Tensor, "b d z y x"]:
        """Rv."""
        turned = torch.einsum("ij,bjzyx->bizyx", cut_matrix(matrix, self.dimensions).to(values), values)
        return turned + 0.0  # no minus zero


@final
@dataclass(frozen=True)
class SymmetricTensor(Part):
    """The upper triangle of a symmetric tensor, row by row: zz zy zx yy yx xx, or yy yx xx in the plane."""

    dimensions: Dimensions = 3

    @property
    def channels(self) -> int:
        """One a pair of axes."""
        return len(PAIRS[self.dimensions])

    def rotate(self, values: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Shaped[Tensor, "b d z y x"]:
        """R T Rᵀ."""
        small = cut_matrix(matrix, self.dimensions).to(values)
        full = spread_tensor(values, self.dimensions)
        return gather_tensor(torch.einsum("ik,bklzyx,jl->bijzyx", small, full, small), self.dimensions) + 0.0


@final
@dataclass(frozen=True)
class Pairs(Part):
    """Whether pairs of voxels belong together, a channel an offset."""

    spec: AffinitySpec

    @property
    def channels(self) -> int:
        """One an offset."""
        return len(self.spec.offsets)

    def rotate(self, values: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Shaped[Tensor, "b d z y x"]:
        """Nothing: pairs of voxels have no place between the voxels."""
        del values, matrix
        raise ShapeError("affinities turn by right angles only; encode them again after the labels were rotated")

    def turn(
        self, values: Shaped[Tensor, "b d z y x"], weight: Shaped[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]
    ) -> tuple[Shaped[Tensor, "b d z y x"], Shaped[Tensor, "b d z y x"]]:
        """Channels of the same pairs as before; a pair that is now held by its other voxel moves there."""
        channels = [self._find_source(reach, matrix) for reach in self.spec.reaches]
        moved = [tuple(_shift(tensor[:, [source]], shift) for tensor in (values, weight)) for source, shift in channels]
        turned, weights = (torch.cat(tensors, 1) for tensors in zip(*moved, strict=True))
        return turned, weights

    def _find_source(self, reach: Offset, matrix: Float[Tensor, "3 3"]) -> tuple[int, Offset]:
        """Which channel held the pairs of this reach before the turn, and how far off their values now are."""
        before = (matrix.T @ torch.tensor(reach, dtype=torch.float32)).int().tolist()
        known = [list(each) for each in self.spec.reaches]
        if before in known:
            return known.index(before), (0, 0, 0)
        mirrored = [-step for step in before]
        if mirrored in known:
            return known.index(mirrored), reach
        raise ShapeError(
            f"a turn needs the affinity {before} or {mirrored} beside {list(reach)}; the channels have {known}"
        )


def turn_parts(
    values: Shaped[Tensor, "b d z y x"], weight: Shaped[Tensor, "b w z y x"], turn: Turn, parts: Sequence[Part]
) -> tuple[Shaped[Tensor, "b d z2 y2 x2"], Shaped[Tensor, "b w z2 y2 x2"]]:
    """Values and weight after a turn."""
    values, weight = turn.move(values), turn.move(weight)
    if len(parts) == 1 and isinstance(parts[0], Pairs):
        return parts[0].turn(values, weight, turn.matrix)
    pieces = torch.split(values, [part.channels for part in parts], 1)
    return torch.cat([part.rotate(piece, turn.matrix) for part, piece in zip(parts, pieces, strict=True)], 1), weight


def cut_matrix(matrix: Float[Tensor, "3 3"], dimensions: Dimensions) -> Float[Tensor, "d d"]:
    """The matrix of the space that vectors of so many components live in; an error when it leads out of the plane."""
    if dimensions == 3:  # noqa: PLR2004 - all of space
        return matrix
    if not torch.allclose(matrix[0, 1:], torch.zeros(2)) or not torch.allclose(matrix[1:, 0], torch.zeros(2)):
        raise ShapeError("vectors in the plane turn within it only; take dimensions: 3 for rotations out of it")
    return matrix[1:, 1:]


def spread_tensor(
    values: Shaped[Tensor, "b d z y x"], dimensions: Dimensions
) -> Shaped[Tensor, "b {dimensions} {dimensions} z y x"]:
    """The full symmetric tensor from its upper triangle."""
    index = {pair: number for number, pair in enumerate(PAIRS[dimensions])}
    axes = range(3 - dimensions, 3)
    rows = [torch.stack([values[:, index[min(i, j), max(i, j)]] for j in axes], 1) for i in axes]
    return torch.stack(rows, 1)


def gather_tensor(full: Shaped[Tensor, "b n n z y x"], dimensions: Dimensions) -> Shaped[Tensor, "b d z y x"]:
    """The upper triangle of a symmetric tensor."""
    first = 3 - dimensions
    return torch.stack([full[:, i - first, j - first] for i, j in PAIRS[dimensions]], 1)


def _shift(tensor: Shaped[Tensor, "b 1 z y x"], shift: Offset) -> Shaped[Tensor, "b 1 z y x"]:
    """The tensor read `shift` voxels further on; zeros where that is outside."""
    shifted = torch.zeros_like(tensor)
    here, there = pair_slices(tensor.shape[2:], shift)
    shifted[(..., *here)] = tensor[(..., *there)]
    return shifted
