"""What a head of the network gives, as plain data that travels from recipe to prediction file."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Activation = Literal["none", "sigmoid", "softmax"]


@dataclass(frozen=True)
class HeadSpec:
    """One output of the network: its name, channels, and how its numbers become probabilities.

    Args:
        name: the key in the network's output and in prediction files.
        channels: channels the head gives.
        activation: applied to the blended logits, never inside the network.
        target: name of the representation it learns, for decoders to check.
    """

    name: str
    channels: int
    activation: Activation = "none"
    target: str = "binary"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "HeadSpec":
        """The spec that `to_dict` wrote."""
        return cls(**values)
