"""Losses that look for the few errors by which objects fall apart or grow together."""

from typing import Annotated, Any, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, Integer
from pydantic import Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from volumen.config import Component, build_component, check_component
from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses.loss import Compared, Loss, LossContext, Scalar, is_exclusive, open_foreground
from volumen.losses.soft_morphology import dilate
from volumen.morphology import label_components, list_contacts

# Kinds of voxels: found, missed, and false foreground.
FOUND, MISSED, FALSE = 1, 2, 3
# Further from any logit than another; what is this far off is never the worst.
FAR = 1e4


@final
class CriticalComponents(Loss):
    """Cross-entropy of those wrong voxels that split or join objects (after Grim et al. 2025, supervoxel-based loss).

        L = Σ_{critical} w v H(p, t) / Σ w

    Missed voxels that hang together are critical when the object falls apart without them, or is missed whole; false
    ones when they touch two objects or more. Objects are components of the truth. v is `split` or `join`. The number of
    critical voxels does not divide, so that it costs less as they become fewer; weigh it about 10 beside
    cross-entropy. It can lower splits and joins both, where losses of recall trade one for the other.

    Args:
        split: v of missed voxels.
        join: v of false ones.
    """

    finest_only = True

    def __init__(
        self, *, split: Annotated[float, Field(ge=0)] = 1.0, join: Annotated[float, Field(ge=0)] = 1.0
    ) -> None:
        self.split = split
        self.join = join

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """0 when no error splits or joins."""
        region = open_foreground(compared, context.head)
        logit = find_foreground_logit(compared.prediction, context.head)
        kinds = (region.truth > 0) * (MISSED - (logit > 0).int()) + (region.truth == 0) * (logit > 0) * FALSE
        seen = (kinds * (region.weight > 0)).to(torch.uint8)[:, 0].cpu().numpy()
        prices = np.stack([self._price(sample) for sample in seen])
        price = torch.from_numpy(prices[:, None]).to(logit.device) * region.weight
        costs = binary_cross_entropy_with_logits(logit, region.truth, reduction="none")
        total = region.weight.sum()
        return (costs * price).sum() / (total + (total == 0))

    def _price(self, kinds: Integer[np.ndarray, "z y x"]) -> Float[np.ndarray, "z y x"]:
        """What each voxel of a sample counts."""
        numbered = label_components(kinds)
        count = int(numbered.max(initial=0))
        kind = np.zeros(count + 1, np.uint8)
        kind[numbered] = kinds
        splits, joins = find_critical(kind, list_contacts(numbered))
        prices = (self.split * splits + self.join * joins).astype(np.float32)
        priced: Float[np.ndarray, "z y x"] = prices[numbered]
        return priced


@final
class NeighbourPooled(Loss):
    """Any other loss of each voxel's worst neighbour (SCNP, arXiv 2603.18671).

    Each logit is replaced by the least probable one among voxels of the same truth within `radius`, so that one wrong
    voxel costs as much as all around it. Voxels that nobody looked at are nobody's neighbours. A window as wide as the
    gap between sheets closes the gap: not for packed sheets.

    Args:
        loss: the loss that is asked then.
        radius: of the window, a cube, in voxels.
    """

    finest_only = True

    def __init__(
        self,
        *,
        loss: Component | str | dict[str, Any] = "cross_entropy",
        radius: Annotated[int, Field(ge=1)] = 1,
    ) -> None:
        component = Component.model_validate(loss)
        faults = check_component("loss", component)
        if faults:
            raise ConfigError(f"neighbour_pooled: {faults[0]}")
        self.loss: Loss = build_component("loss", component)
        self.radius = radius
        self.maps, self.heads = self.loss.maps, self.loss.heads

    def judge(self, compared: Compared, context: LossContext) -> Scalar:
        """What the other loss says of the worst neighbours."""
        is_exclusive(context.head)
        prediction, target, weight = compared
        far = FAR * (weight == 0)
        found = -self._find_largest(-(prediction * target + FAR * (1 - target) + far))
        false = self._find_largest(prediction * (1 - target) - FAR * target - far)
        worst = torch.where(weight > 0, found * target + false * (1 - target), prediction)
        return self.loss.judge(compared._replace(prediction=worst), context)

    def _find_largest(self, values: Tensor) -> Tensor:
        for _ in range(self.radius):
            values = dilate(values, None)
        return values


def find_foreground_logit(prediction: Float[Tensor, "b c z y x"], head: HeadSpec) -> Float[Tensor, "b 1 z y x"]:
    """The logit of being any class but background; of a lone channel it is the prediction."""
    if not is_exclusive(head):
        return prediction
    return prediction[:, 1:].logsumexp(1, keepdim=True) - prediction[:, :1]


def find_critical(
    kinds: Integer[np.ndarray, " components"], contacts: Int64[np.ndarray, "pairs 2"]
) -> tuple[Bool[np.ndarray, " components"], Bool[np.ndarray, " components"]]:
    """Which components split an object by being missed, and which join two by being false.

    Args:
        kinds: of each component, whether found, missed or false; 0 for background.
        contacts: pairs of components that touch.
    """
    cuts, objects = _walk_objects(len(kinds), contacts[(kinds[contacts] != FALSE).all(1)])
    both_ways = np.concatenate([contacts, contacts[:, ::-1]])
    touching = both_ways[(kinds[both_ways] == (FALSE, FOUND)).all(1)]
    touched = np.unique(np.stack([touching[:, 0], objects[touching[:, 1]]], 1), axis=0)
    joins = np.bincount(touched[:, 0], minlength=len(kinds)) > 1
    return cuts & (kinds == MISSED), joins


def _walk_objects(
    count: int, links: Int64[np.ndarray, "pairs 2"]
) -> tuple[Bool[np.ndarray, " components"], Integer[np.ndarray, " components"]]:
    """Which parts are the only link of an object, or all of it; and the object that each belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from volumen.losses.critical_kernels import find_cut_nodes

    both_ways = np.concatenate([links, links[:, ::-1]])
    graph = coo_array((np.ones(len(both_ways), bool), both_ways.T), shape=(count, count)).tocsr()
    starts, neighbours = graph.indptr.astype(np.int64), graph.indices.astype(np.int64)
    _, objects = connected_components(graph, directed=False)
    return find_cut_nodes(starts, neighbours) | (np.diff(starts) == 0), objects
