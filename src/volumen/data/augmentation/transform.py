"""What every augmentation is: something drawn once a sample, then played on each of its tensors."""

import abc
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Shaped
from pydantic import Field
from torch import Tensor

from volumen.errors import ConfigError
from volumen.geometry import Shape

# image: `b c z y x`, intensities. labels: `b z y x`, int64, −100 ignored. mask: weights of any axes, moved but never
# scaled. vectors: `b 3 z y x`, components z y x in voxels, which turn with the space they live in.
Kind = Literal["image", "labels", "mask", "vectors"]

# How often something happens; the range is checked with the recipe.
Chance = Annotated[float, Field(ge=0, le=1)]

Params = TypeVar("Params")


class Transform(abc.ABC, Generic[Params]):
    """An augmentation: `draw` decides for one sample, `apply` plays the decisions on a batch.

    Labels may reach past the image, equally far on both sides of an axis: what moves them moves about the middle.

    Parameters are frozen and say everything: the same ones give the same result, on the processor of a loader
    process (a batch of one) and on a GPU (a whole batch). A target is made from labels after they were moved.
    """

    @abc.abstractmethod
    def draw(self, rng: np.random.Generator, shape: Shape) -> Params:
        """What happens to one sample whose patch has `shape`; most draw "nothing" with probability 1 − p."""

    @abc.abstractmethod
    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[Params], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The changed batch, one item of `params` a sample; what a kind does not concern comes back as it was."""


def change_each(
    tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[Any], change: Callable[[Tensor, Any], Tensor]
) -> Shaped[Tensor, "b *c z y x"]:
    """The batch with each sample changed by its own parameters."""
    changed = [change(tensor[index : index + 1], drawn) for index, drawn in enumerate(params)]
    return changed[0] if len(changed) == 1 else torch.cat(changed)


def check_probability(p: float) -> None:
    """Refuse a probability outside 0 to 1."""
    if not 0 <= p <= 1:
        raise ConfigError(f"p is a probability from 0 to 1; got {p}")
