"""From a recipe's heads to what the network must give and what it learns."""

from volumen.config import Component, HeadSection, RunConfig, build_component
from volumen.errors import ConfigError
from volumen.geometry import Shape
from volumen.heads import HeadSpec
from volumen.targets.target import Target
from volumen.targets.turning import Dimensions


def build_target(component: Component, patch_size: Shape) -> Target:
    """The target that a recipe names; patches of one voxel along z make it two-dimensional unless it says otherwise."""
    dimensions: Dimensions = 2 if patch_size[0] == 1 else 3
    target: Target = build_component("target", component, dimensions=dimensions)
    return target


def build_targets(config: RunConfig) -> dict[str, Target]:
    """The target of every head."""
    return {name: build_target(section.target, config.data.label_size) for name, section in config.heads.items()}


def plan_heads(config: RunConfig) -> tuple[HeadSpec, ...]:
    """What every head of the network gives, in the recipe's order; a ConfigError when a head contradicts its target."""
    targets = build_targets(config)
    return tuple(_plan_head(name, section, targets[name]) for name, section in config.heads.items())


def _plan_head(name: str, section: HeadSection, target: Target) -> HeadSpec:
    if section.channels not in {None, target.channels}:
        raise ConfigError(
            f"heads.{name}.channels: target {section.target.name!r} has {target.channels}; got {section.channels}; "
            "leave it out, or change the target"
        )
    activation = section.activation or target.activations[0]
    if activation not in target.activations:
        raise ConfigError(
            f"heads.{name}.activation: target {section.target.name!r} goes with {' or '.join(target.activations)}; "
            f"got {activation}"
        )
    return HeadSpec(
        name, target.channels, activation, section.target.name, affinities=target.affinities, lengths=target.lengths
    )
