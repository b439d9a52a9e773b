"""What the network is shown: a patch's image and labels as tensors, one or a batch of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from volumen.targets import EncodedTarget


@dataclass(frozen=True)
class Sample:
    """A batch of patches (a lone patch is a batch of one).

    Args:
        image: normalised intensities; 0 where the volume ended.
        labels: by name; −100 where nobody looked or the volume ended. As large as the image, and until targets are
            encoded larger by a halo, the same on both sides of an axis.
        cases: which case each patch was cut from.
        origin: its first voxel in the case.
        voxel_size: z y x in nm, NaN where the case does not say.
        seed: what its augmentation is drawn from.
        weight: how much each voxel counts, where that is not all alike.
        class_ids: what the instances of each patch are, where data sets differ.
        targets: what the worker that cut the patch encoded of its labels, by name.
    """

    image: Float32[Tensor, "b c z y x"]
    labels: dict[str, Int64[Tensor, "b _ _ _"]]
    cases: tuple[str, ...]
    origin: Int64[Tensor, "b 3"]
    voxel_size: Float32[Tensor, "b 3"]
    seed: Int64[Tensor, " b"]
    weight: Float32[Tensor, "b 1 z y x"] | None = None
    class_ids: Int64[Tensor, " b"] | None = None
    targets: dict[str, EncodedTarget] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cases)

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> "Sample":
        """The same patches on a device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "Sample":
        """The same patches in memory that a GPU copies from without waiting."""
        return self._map(Tensor.pin_memory)

    def _map(self, change: Callable[[Tensor], Tensor]) -> "Sample":
        return replace(
            self,
            image=change(self.image),
            labels={name: change(labels) for name, labels in self.labels.items()},
            origin=change(self.origin),
            voxel_size=change(self.voxel_size),
            seed=change(self.seed),
            weight=None if self.weight is None else change(self.weight),
            class_ids=None if self.class_ids is None else change(self.class_ids),
            targets={
                name: target._replace(values=change(target.values), weight=change(target.weight))
                for name, target in self.targets.items()
            },
        )


def collate_samples(samples: Sequence[Sample]) -> Sample:
    """One batch of all the samples, in order."""
    return Sample(
        image=torch.cat([sample.image for sample in samples]),
        labels={name: torch.cat([sample.labels[name] for sample in samples]) for name in samples[0].labels},
        cases=tuple(case for sample in samples for case in sample.cases),
        origin=torch.cat([sample.origin for sample in samples]),
        voxel_size=torch.cat([sample.voxel_size for sample in samples]),
        seed=torch.cat([sample.seed for sample in samples]),
        weight=_join([sample.weight for sample in samples]),
        class_ids=_join([sample.class_ids for sample in samples]),
        targets=_join_targets([sample.targets for sample in samples]),
    )


def _join_targets(several: Sequence[dict[str, EncodedTarget]]) -> dict[str, EncodedTarget]:
    joined = {}
    for name, first in several[0].items():
        values = torch.cat([targets[name].values for targets in several])
        weight = torch.cat([targets[name].weight for targets in several])
        joined[name] = first._replace(values=values, weight=weight)
    return joined


def _join(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [tensor for tensor in tensors if tensor is not None]
    return torch.cat(present) if present else None
