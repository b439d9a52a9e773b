"""Losses of directions: normals, fibres, flows."""

from typing import Annotated, final

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from volumen.losses.filters import smooth_gaussian
from volumen.losses.loss import Compared, Loss, LossContext, Scalar, average_voxels, check_channels

# Lengths are never taken for less: what keeps slopes finite for a vector of no length. A target shorter than this has
# no direction.
LEAST = 1e-3
Maps = Float[Tensor, "b c z y x"]
VECTORS = ("normals", "direction", "flow", "centre_offsets")


@final
class Cosine(Loss):
    """One minus the cosine of the angle between prediction and truth, whatever their lengths.

    Directions known up to their sign only, as those of fibres, are compared by 1 − |cos|. Voxels whose truth has no
    direction do not count.

    Args:
        sign_invariant: whether opposite directions are the same; by the target when not said.
    """

    fits = VECTORS

    def __init__(self, *, sign_invariant: bool | None = None) -> None:
        self.sign_invariant = sign_invariant

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when directions agree, 1 at right angles, 2 when they are opposite and that is not the same."""
        check_channels(compared, context.head)
        either = context.head.target == "direction" if self.sign_invariant is None else self.sign_invariant
        cosine = (normalise(compared.prediction) * normalise(compared.target)).sum(1, keepdim=True)
        directed = compared.target.square().sum(1, keepdim=True) > LEAST**2
        weight = compared.weight.amin(1, keepdim=True) * directed
        return average_voxels(1 - (cosine.abs() if either else cosine), weight)


@final
class NormalSmoothness(Loss):
    """How much directions differ from the mean of those around them; needs no truth.

        L = Σ w (1 − n · n̄)^q / Σ w,  n̄ the Gaussian mean of n, normalised

    Voxels that do not count have no say in any mean: with `mask_head` those that are no surface.

    Args:
        sigma: σ in voxels.
        q: q; larger ones look at sharp turns.
    """

    fits = VECTORS

    def __init__(self, *, sigma: Annotated[float, Field(gt=0)] = 2.0, q: Annotated[float, Field(ge=1)] = 2.0) -> None:
        self.sigma = sigma
        self.q = q

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when all directions around are the same."""
        del context
        weight = compared.weight.amin(1, keepdim=True)
        directions = normalise(compared.prediction)
        mean = normalise(smooth_gaussian(directions, weight, self.sigma))
        turn = (1 - (directions * mean).sum(1, keepdim=True)).clamp(min=0)
        return average_voxels(turn**self.q, weight)


def normalise(vectors: Maps) -> Maps:
    """Vectors of length one; those of almost no length stay shorter, with finite slopes."""
    return vectors / (vectors.square().sum(1, keepdim=True) + LEAST**2).sqrt()
