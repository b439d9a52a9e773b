"""What a head of the network gives, as plain data that travels from recipe to prediction file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from volumen.errors import ConfigError

Activation = Literal["none", "sigmoid", "softmax"]
Edge = Literal["start", "end"]
Unit = Literal["voxel", "nm"]
Side = Literal["inside", "outside", "signed"]
Offset = tuple[int, int, int]


@dataclass(frozen=True)
class AffinitySpec:
    """Which pairs of voxels the channels of an affinity head link, and at which of the two the value stands.

    Channel k links each voxel v with v + offsets[k]; its value stands at v (`start`) or at v + offsets[k] (`end`).
    """

    offsets: tuple[Offset, ...]
    edge: Edge = "start"

    def __post_init__(self) -> None:
        if not self.offsets or not all(any(offset) for offset in self.offsets):
            raise ConfigError(
                f"offsets of affinities are three whole numbers each (z y x), not all zero; got {list(self.offsets)}"
            )

    @property
    def reaches(self) -> tuple[Offset, ...]:
        """Where each channel's other voxel lies, seen from the voxel that holds the value."""
        sign = 1 if self.edge == "start" else -1
        return tuple((sign * z, sign * y, sign * x) for z, y, x in self.offsets)

    @classmethod
    def parse(cls, offsets: Sequence[Sequence[int]], edge: Edge = "start") -> "AffinitySpec":
        """The spec of a recipe's or a file's lists."""
        return cls(tuple((int(z), int(y), int(x)) for z, y, x in offsets), edge)


@dataclass(frozen=True)
class LengthSpec:
    """What the numbers of a head that gives lengths stand for.

    Args:
        unit: `voxel` is an edge of the voxel along its finest axis.
        scale: units that a value of 1 stands for; None where each object's greatest value is 1.
        side: on which side of the border distances are given; `signed` is negative inside. None for vectors.
        clip: the greatest length, in units; None where there is none.
    """

    unit: Unit = "voxel"
    scale: float | None = 1.0
    side: Side | None = None
    clip: float | None = None


@dataclass(frozen=True)
class HeadSpec:
    """One output of the network: its name, channels, and how its numbers become probabilities.

    Args:
        name: the key in the network's output and in prediction files.
        channels: channels the head gives.
        activation: applied to the blended logits, never inside the network.
        target: name of the representation it learns, for decoders to check.
        affinities: which voxels its channels link, where they are affinities.
        lengths: what its numbers stand for, where they are lengths.
    """

    name: str
    channels: int
    activation: Activation = "none"
    target: str = "binary"
    affinities: AffinitySpec | None = None
    lengths: LengthSpec | None = None

    def __post_init__(self) -> None:
        if self.affinities is not None and len(self.affinities.offsets) != self.channels:
            raise ConfigError(
                f"head {self.name!r} has {self.channels} channels and {len(self.affinities.offsets)} offsets; "
                "affinities have one a channel"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what does not concern the head is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "HeadSpec":
        """The spec that `to_dict` wrote, in this or an earlier version."""
        given = dict(values)
        if "affinities" in given:
            given["affinities"] = AffinitySpec.parse(**given["affinities"])
        if "lengths" in given:
            given["lengths"] = LengthSpec(**given["lengths"])
        return cls(**given)
