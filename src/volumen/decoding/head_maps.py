"""What a first step reads of a prediction: which heads it can take, and their numbers with what these stand for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Real

from volumen.errors import ConfigError, DataError, ShapeError, UnknownNameError, suggest_nearest
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec, Unit

Numbers = Real[np.ndarray, "c z y x"]
Channel = Real[np.ndarray, "z y x"]
Read = Callable[[str], Real[np.ndarray, "*c z y x"]]

# Blending and half precision leave a probability this far outside 0 to 1.
ROUNDING = 1e-3


@dataclass(frozen=True)
class HeadMap:
    """The numbers that a network gave for one head, and what they stand for."""

    values: Numbers
    spec: HeadSpec
    voxel_size: VoxelSize | None = None

    def take_channel(self, step: str) -> Channel:
        """The only channel."""
        if len(self.values) != 1:
            raise ShapeError(
                f"{step} needs z y x or a single channel; head {self.spec.name!r} has {len(self.values)}; "
                "for classes use argmax"
            )
        channel: Channel = self.values[0]
        return channel

    def find_foreground(self, threshold: float, foreground_class: int | None = None) -> Bool[np.ndarray, "z y x"]:
        """Voxels of at least the threshold; of classes those whose class is most probable, any but 0 when not said."""
        foreground: Bool[np.ndarray, "z y x"]
        if len(self.values) == 1:
            foreground = self.values[0] >= threshold
            return foreground
        classes = self.values.argmax(axis=0)
        foreground = classes != 0 if foreground_class is None else classes == foreground_class
        return foreground

    def measure_finest_edge(self, unit: Unit) -> float:
        """The voxel's shortest edge in a unit."""
        if unit == "voxel":
            return 1.0
        if self.voxel_size is None:
            raise DataError(f"head {self.spec.name!r} gives nm, and the prediction has no voxel size")
        return min(self.voxel_size)


# Why a head cannot be what a step reads; None when it can.
Refuse = Callable[[HeadSpec], str | None]


@dataclass(frozen=True)
class Role:
    """One thing that a first step reads.

    Args:
        option: the step's option that names the head.
        refuse: why a head cannot be it.
        needed: whether the step cannot do without; what is not needed is read where a head fits, or where it is named.
        guessed: whether the first head that fits is taken when none is named.
    """

    option: str
    refuse: Refuse
    needed: bool = True
    guessed: bool = True


def refuse_probability(spec: HeadSpec) -> str | None:
    """Heads whose numbers are no probabilities."""
    return "has no activation, so it gives no probabilities" if spec.activation == "none" else None


def refuse_binary(spec: HeadSpec) -> str | None:
    """Heads that do not say of each voxel whether it is an object's."""
    if spec.target not in {"binary", "classes"}:
        return f"learns {spec.target!r}, and foreground is needed (binary or classes)"
    return refuse_probability(spec)


def refuse_other_target(*targets: str) -> Refuse:
    """Heads that learn something else."""

    def refuse(spec: HeadSpec) -> str | None:
        return None if spec.target in targets else f"learns {spec.target!r}, and {' or '.join(targets)} is needed"

    return refuse


def refuse_other_affinities(spec: HeadSpec) -> str | None:
    """Heads that do not say which voxels their channels link."""
    if spec.affinities is None:
        return f"learns {spec.target!r} and says nothing of offsets; affinities are needed"
    return refuse_probability(spec)


def choose_heads(
    step: str, roles: Sequence[Role], named: Mapping[str, str | None], heads: Sequence[HeadSpec]
) -> dict[str, HeadSpec]:
    """The head of every role, by the role's option.

    Args:
        step: name of the step, for messages.
        roles: what it reads.
        named: heads by the option that names them.
        heads: what there is.
    """
    chosen = {}
    for role in roles:
        name = named.get(role.option)
        spec = _find_named(step, role, name, heads) if name is not None else _find_fitting(step, role, heads)
        if spec is not None:
            chosen[role.option] = spec
    return chosen


def read_map(spec: HeadSpec, read: Read, voxel_size: VoxelSize | None) -> HeadMap:
    """The numbers of a head with a channel axis, checked against what they are said to be."""
    values = read(spec.name)
    values = values[None] if values.ndim == 3 else values  # noqa: PLR2004 - z y x
    if len(values) != spec.channels:
        raise ShapeError(f"head {spec.name!r} has {spec.channels} channels; the prediction has {len(values)}")
    low, high = values.min(initial=0), values.max(initial=0)
    if np.isnan(low) or np.isnan(high):
        count = np.count_nonzero(np.isnan(values))
        raise DataError(f"the prediction holds {count} values that are not numbers (NaN); predict it again")
    if spec.activation != "none" and (low < -ROUNDING or high > 1 + ROUNDING):
        raise DataError(f"probabilities lie in 0 to 1; these reach from {low:g} to {high:g}: are they logits?")
    return HeadMap(values, spec, voxel_size)


def _find_named(step: str, role: Role, name: str, heads: Sequence[HeadSpec]) -> HeadSpec:
    known = {head.name: head for head in heads}
    if name not in known:
        raise UnknownNameError(f"{step}: no head is called {name!r}; {suggest_nearest(name, known)}")
    reason = role.refuse(known[name])
    if reason is not None:
        raise ConfigError(f"{step}: head {name!r} {reason}")
    return known[name]


def _find_fitting(step: str, role: Role, heads: Sequence[HeadSpec]) -> HeadSpec | None:
    """The first head that can be it; None when there is none and it is not needed."""
    fitting = [head for head in heads if role.refuse(head) is None] if role.guessed or role.needed else []
    if fitting:
        return fitting[0]
    if role.needed:
        reasons = "; ".join(f"head {head.name!r} {role.refuse(head)}" for head in heads) or "there are none"
        raise ConfigError(f"{step} finds no head for its option {role.option!r}: {reasons}")
    return None
