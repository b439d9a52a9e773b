"""Cuboids of the image that the network is not shown, so that it learns to bridge gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from volumen.data.augmentation.transform import Chance, Kind, Transform, change_each, check_probability
from volumen.data.values import IGNORE
from volumen.errors import ConfigError
from volumen.geometry import Box, Shape, to_shape


@dataclass(frozen=True)
class DropoutParams:
    """The cuboids, and the shape of the patch that they lie in."""

    patch: Shape
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True)
class PatchDropout(Transform[DropoutParams]):
    """Blanks cuboids of the image with its mean; labels stay, so that what was there is to be guessed.

    Args:
        most: cuboids a patch at most; as many or fewer are drawn, one at least.
        low: the shortest edge of a cuboid, as a share of the patch's.
        high: the longest.
        hide_labels: whether nothing is to be learnt there either: labels ignored, weight 0.
        p: how often.
    """

    most: int = 3
    low: float = 0.05
    high: float = 0.25
    hide_labels: bool = False
    p: Chance = 0.2

    def __post_init__(self) -> None:
        check_probability(self.p)
        if self.most < 1 or not 0 < self.low <= self.high <= 1:
            raise ConfigError(
                f"dropout needs most ≥ 1 and 0 < low ≤ high ≤ 1; got {self.most}, {self.low} and {self.high}"
            )

    def draw(self, rng: np.random.Generator, shape: Shape) -> DropoutParams:
        """The cuboids for one sample."""
        if rng.random() >= self.p:
            return DropoutParams(shape)
        count = int(rng.integers(1, self.most, endpoint=True))
        return DropoutParams(shape, tuple(self._draw_box(rng, shape) for _ in range(count)))

    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[DropoutParams], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The batch with its gaps; vectors stay as they are."""
        if kind == "image":
            return change_each(tensor, params, _blank)
        if kind == "vectors" or not self.hide_labels:
            return tensor
        return change_each(
            tensor, params, lambda sample, drawn: _fill(sample, drawn, IGNORE if kind == "labels" else 0)
        )

    def _draw_box(self, rng: np.random.Generator, shape: Shape) -> Box:
        shares = rng.uniform(self.low, self.high, 3)
        edges = [max(round(share * extent), 1) for share, extent in zip(shares, shape, strict=True)]
        starts = [int(rng.integers(extent - edge, endpoint=True)) for edge, extent in zip(edges, shape, strict=True)]
        return Box.at(to_shape(starts), to_shape(edges))


def _blank(sample: Shaped[Tensor, "1 *c z y x"], drawn: DropoutParams) -> Shaped[Tensor, "1 *c z y x"]:
    return _fill(sample, drawn, sample.mean(dim=(-3, -2, -1), keepdim=True)) if drawn.boxes else sample


def _fill(
    sample: Shaped[Tensor, "1 *c z y x"], drawn: DropoutParams, value: Tensor | int
) -> Shaped[Tensor, "1 *c z y x"]:
    """The sample with a value in every cuboid; tensors larger than the patch have it in their middle."""
    filled = sample.clone() if drawn.boxes else sample
    margin = [(extent - edge) // 2 for extent, edge in zip(sample.shape[-3:], drawn.patch, strict=True)]
    for box in drawn.boxes:
        filled[(..., *box.shift(margin).slices)] = value
    return filled
