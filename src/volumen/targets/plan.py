"""From a recipe's heads to what the network must give and what it learns."""

from volumen.config import HeadSection, RunConfig, build_component
from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.targets.target import Target


def build_targets(config: RunConfig) -> dict[str, Target]:
    """The target of every head."""
    return {name: build_component("target", section.target) for name, section in config.heads.items()}


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
    return HeadSpec(name, target.channels, activation, section.target.name)
