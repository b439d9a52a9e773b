"""What a head learns: labels in, the tensor its losses compare with out."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from pydantic import Field
from torch import Tensor

from volumen.errors import DataError
from volumen.geometry import Shape, VoxelSize
from volumen.heads import Activation, AffinitySpec, LengthSpec
from volumen.targets.label_patch import LabelPatch, read_patch
from volumen.targets.turning import Part, Turn, turn_parts

# What labels of a patch say where nobody looked.
IGNORE = -100

Labels = Annotated[Sequence[int], Field(min_length=1)]
Numbers = Shaped[np.ndarray, "c z y x"]
# A component of a recipe: a name, or a name with options.
Default = str | dict[str, Any]


class EncodedTarget(NamedTuple):
    """What a head should give, and how much each voxel counts: 0 where nobody looked.

    Values may be of any real type, `bool` for those that are 0 or 1; losses see float32. The weight has one channel, or
    one a channel of the values. `linear` says that values between voxels mean something, so that coarser maps of deep
    supervision are averages and not single voxels.
    """

    values: Shaped[Tensor, "b d z y x"]
    weight: Shaped[Tensor, "b w z y x"]
    linear: bool = False

    def float(self) -> "EncodedTarget":
        """The same with both in float32."""
        return EncodedTarget(self.values.float(), self.weight.float(), self.linear)


class Target(abc.ABC):
    """A representation of labels.

    What it says of a voxel does not change with what lies under the ignore label: where it would, the weight is 0. The
    encoding commutes with flips and quarter turns (`turn`), and up to the voxel grid with every rotation (`rotate`).

    Class variables: `losses` and `decoding` are what a recipe gets that names none; `learns_from` says what `encode` is
    given; `names_voxels` whether the largest channel (or a lone one above one half) is a label that scores can be made
    of.
    """

    losses: ClassVar[tuple[Default, ...]] = ()
    decoding: ClassVar[tuple[Default, ...]] = ()
    learns_from: ClassVar[Literal["labels", "image"]] = "labels"
    names_voxels: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def activations(self) -> tuple[Activation, ...]:
        """Those that go with it, the usual one first."""

    @property
    @abc.abstractmethod
    def parts(self) -> tuple[Part, ...]:
        """Which channels of the values belong together and turn as one."""

    @property
    def channels(self) -> int:
        """Channels of a head that learns it."""
        return sum(part.channels for part in self.parts)

    @property
    def shown(self) -> tuple[int, ...]:
        """The channels of a head that make a picture, as red, green and blue."""
        return tuple(range(min(self.channels, 3)))

    @property
    def affinities(self) -> AffinitySpec | None:
        """Which voxels its channels link, where they are affinities."""
        return None

    @property
    def lengths(self) -> LengthSpec | None:
        """What its numbers stand for, where they are lengths."""
        return None

    @abc.abstractmethod
    def encode(
        self, labels: Shaped[Tensor, "b *c z y x"], *, voxel_size: VoxelSize | None = None, ignore: int = IGNORE
    ) -> EncodedTarget:
        """The representation of a batch of labels (of images where it learns from these).

        Args:
            labels: class or instance numbers.
            voxel_size: for representations in lengths; None stands for equal edges.
            ignore: the label of voxels that nobody looked at: they get no weight.
        """

    @final
    def turn(self, encoded: EncodedTarget, turn: Turn) -> EncodedTarget:
        """What the turned labels are encoded as, from what the labels were encoded as."""
        values, weight = turn_parts(encoded.values, encoded.weight, turn, self.parts)
        return encoded._replace(values=values, weight=weight)

    @final
    def rotate(self, values: Float[Tensor, "b d z y x"], matrix: Float[Tensor, "3 3"]) -> Float[Tensor, "b d z y x"]:
        """Values that another grid's voxels were filled with, as they are after the same rotation of their vectors.

        Args:
            values: after their voxels were moved and resampled.
            matrix: what becomes of a vector z y x.
        """
        pieces = torch.split(values, [part.channels for part in self.parts], 1)
        return torch.cat([part.rotate(piece, matrix) for part, piece in zip(self.parts, pieces, strict=True)], 1)


@dataclass(frozen=True, kw_only=True)
class ArrayTarget(Target):
    """A target that is computed patch by patch in NumPy: by loader processes, from labels past its faces.

    Args:
        foreground: the labels that are objects; None stands for every label above 0.
    """

    linear: ClassVar[bool] = False

    foreground: Labels | None = None

    @abc.abstractmethod
    def find_halo(self, voxel_size: VoxelSize | None) -> Shape:
        """Voxels beyond a patch, on either side, that its values depend on."""

    @abc.abstractmethod
    def encode_patch(self, patch: LabelPatch) -> tuple[Numbers, Numbers]:
        """Values and weight of one patch."""

    @final
    def encode(
        self,
        labels: Int[Tensor, "b z y x"],
        *,
        voxel_size: VoxelSize | None = None,
        ignore: int = IGNORE,
        halo: Shape = (0, 0, 0),
    ) -> EncodedTarget:
        """The representation of a batch, on the device of the labels.

        Args:
            labels: class or instance numbers.
            voxel_size: for representations in lengths; None stands for equal edges.
            ignore: the label of voxels that nobody looked at.
            halo: voxels at each face that are context only: the result is so much smaller.
        """
        read = partial(read_patch, ignore=ignore, voxel_size=voxel_size, foreground=self.foreground, halo=halo)
        pairs = [self.encode_patch(read(array)) for array in labels.cpu().numpy()]
        values, weight = (_join_arrays(arrays, halo).to(labels.device) for arrays in zip(*pairs, strict=True))
        return EncodedTarget(values, weight, self.linear)


def _join_arrays(arrays: Sequence[Numbers], halo: Shape) -> Shaped[Tensor, "b c cz cy cx"]:
    """The middles of patches as one batch."""
    z, y, x = (slice(edge, extent - edge) for edge, extent in zip(halo, arrays[0].shape[1:], strict=True))
    return torch.from_numpy(np.stack([array[:, z, y, x] for array in arrays]))


def weigh_voxels(labels: Int[Tensor, "b z y x"], ignore: int) -> Float[Tensor, "b 1 z y x"]:
    """1 where somebody looked, 0 elsewhere."""
    return (labels != ignore).unsqueeze(1).float()


def find_range(labels: Int[Tensor, "b z y x"], ignore: int) -> tuple[int, int]:
    """Smallest and largest label that is not ignored; 0 and 0 when all are."""
    seen = labels.masked_fill(labels == ignore, 0)
    return int(seen.min()), int(seen.max())


def refuse_label(label: int, allowed: str, ignore: int) -> DataError:
    """The error about a label that a target cannot learn."""
    return DataError(
        f"label {label} is not one that this target knows: {allowed}, and {ignore} where nobody looked; "
        "correct the labels, the target's options or data.ignore"
    )
