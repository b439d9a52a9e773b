"""What is compared at each level of deep supervision: float32, zeros wherever nobody looked."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool3d

from volumen.errors import DataError, ShapeError
from volumen.geometry import Shape, to_shape
from volumen.losses.loss import Compared, TruthMap

Outputs = Mapping[str, Sequence[Tensor]]
# Values, weight, and whether values between voxels mean something (not, when left out).
Targets = Mapping[str, tuple[Tensor, Tensor] | tuple[Tensor, Tensor, bool]]


class Levels:
    """The outputs of one batch beside their targets; each pair is made when it is first asked for.

    Args:
        outputs: logits of every head, finest first.
        targets: values and weight of every head and every map.
    """

    def __init__(self, outputs: Outputs, targets: Targets) -> None:
        self._outputs = outputs
        self._targets = targets
        self._compared: dict[tuple[str, int], Compared] = {}
        self._read: dict[tuple[str, Shape], TruthMap] = {}

    @property
    def device(self) -> torch.device:
        """Where the outputs are."""
        return next(iter(self._outputs.values()))[0].device

    def count(self, head: str) -> int:
        """Levels that a head gives."""
        return len(self._outputs[head])

    def compare(self, head: str, level: int) -> Compared:
        """A head's prediction, target and weight at one level."""
        key = (head, level)
        if key not in self._compared:
            prediction = self._outputs[head][level]
            target = self.read_target(head, to_shape(prediction.shape[2:]))
            logits = torch.where(target.weight > 0, prediction.float(), torch.zeros((), device=prediction.device))
            self._compared[key] = Compared(logits, target.values, target.weight)
        return self._compared[key]

    def read_target(self, name: str, shape: Shape) -> TruthMap:
        """Values and weight of a head's target or of a map, brought to a level's shape."""
        if (name, shape) not in self._read:
            self._read[name, shape] = self._bring(name, shape)
        return self._read[name, shape]

    def find_strides(self, head: str, level: int) -> Shape:
        """Voxels of the finest level that one voxel of this level stands for."""
        return find_strides(self._outputs[head][0], to_shape(self._outputs[head][level].shape[2:]))

    def list_predictions(self, level: int) -> dict[str, Tensor]:
        """Raw logits of every head that has this level."""
        return {name: levels[level] for name, levels in self._outputs.items() if level < len(levels)}

    def tie_unused(self) -> Float[Tensor, ""]:
        """Zero, with a gradient of zero to every output that nothing was compared with.

        Processes that train together wait for a gradient of every weight.
        """
        zero = torch.zeros((), device=self.device)
        never = zero > 0
        idle = [
            torch.where(never, prediction.float(), zero).sum()
            for head, levels in self._outputs.items()
            for level, prediction in enumerate(levels)
            if (head, level) not in self._compared
        ]
        return torch.stack([zero, *idle]).sum()

    def _bring(self, name: str, shape: Shape) -> TruthMap:
        if name not in self._targets:
            raise DataError(
                f"{name!r} has losses and no target in this batch; there are {', '.join(self._targets) or 'none'}"
            )
        values, weight, linear = (*self._targets[name], False)[:3]
        strides = find_strides(weight, shape)
        seen = torch.where(weight > 0, values.float(), torch.zeros((), device=values.device))
        if linear and max(strides) > 1:
            return average_blocks(seen, weight.float(), strides)
        return TruthMap(sample_voxels(seen, strides), sample_voxels(weight.float(), strides))


def find_strides(whole: Tensor, shape: Shape) -> Shape:
    """Steps from a tensor's voxels to those of a coarser shape; an error unless they are whole."""
    extents = whole.shape[2:]
    if any(small == 0 or extent % small for extent, small in zip(extents, shape, strict=True)):
        raise ShapeError(f"a prediction of {shape} is no whole fraction of its target's {tuple(extents)}")
    return to_shape([extent // small for extent, small in zip(extents, shape, strict=True)])


def sample_voxels(whole: Float[Tensor, "b c z y x"], strides: Shape) -> Float[Tensor, "b c sz sy sx"]:
    """A view of the voxel in the middle of each step."""
    z, y, x = (slice(stride // 2, None, stride) for stride in strides)
    return whole[:, :, z, y, x]


def average_blocks(values: Float[Tensor, "b c z y x"], weight: Float[Tensor, "b w z y x"], strides: Shape) -> TruthMap:
    """The mean of each block by weight, and the mean weight."""
    means = avg_pool3d(weight, strides)
    return TruthMap(avg_pool3d(values * weight, strides) / (means + (means == 0)), means)
