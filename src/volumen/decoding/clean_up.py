"""What a caller may change about a recipe's clean-up; flags, their help and defaults derive from here."""

from collections.abc import Sequence
from dataclasses import dataclass

from volumen.config import Component

INSTANCES = "instances"
MASKS = {"argmax", "distance_mask", "hysteresis"}


@dataclass(frozen=True)
class CleanUp:
    """Changes to the clean-up of a recipe; what is None stays as the recipe says.

    Args:
        threshold: probability from which a voxel is foreground.
        min_size: components of fewer voxels are dropped.
        max_hole: cavities of fewer voxels are filled, in three dimensions.
        kernel: radius of the closing in voxels.
        instances: number touching objects apart.
    """

    threshold: float | None = None
    min_size: int | None = None
    max_hole: int | None = None
    kernel: int | None = None
    instances: bool = False

    def change(self, steps: Sequence[Component]) -> tuple[Component, ...]:
        """The recipe's steps with these changes: a step it has is set in place, one it lacks is added."""
        changed = list(steps)
        for name, option, value in (
            ("threshold", "value", self.threshold),
            ("min_size", "voxels", self.min_size),
            ("max_hole", "voxels", self.max_hole),
            ("closing", "radius", self.kernel),
        ):
            if value is not None:
                _set_step(changed, Component(name=name, options={option: value}))
        if self.instances and not any(step.name == INSTANCES for step in changed):
            changed.append(Component(name=INSTANCES))
        return tuple(changed)


def _set_step(steps: list[Component], wanted: Component) -> None:
    for at, step in enumerate(steps):
        if step.name == wanted.name:
            steps[at] = wanted
            return
    if wanted.name == "threshold":
        steps[:1] = [_set_threshold(wanted, steps[:1])]
        return
    ends = (at for at, step in enumerate(steps) if step.name == INSTANCES)
    steps.insert(next(ends, len(steps)), wanted)


def _set_threshold(wanted: Component, first: list[Component]) -> Component:
    """In place of what made a mask; a step that makes objects has a threshold of its own."""
    if not first or first[0].name in MASKS:
        return wanted
    return first[0].model_copy(update={"options": first[0].options | {"threshold": wanted.options["value"]}})
