"""Faults that the values of a recipe's options tell alone: parts are built and losses tried, without any data."""

from collections.abc import Iterator

from volumen.config import HeadSection, RunConfig, build_component, gather_faults, join_path, walk_components
from volumen.decoding import build_chain
from volumen.errors import VolumenError
from volumen.geometry import VoxelSize
from volumen.targets import build_target, plan_heads
from volumen.training.objective import assemble_objective, try_objective

# What is built from its options alone, and in no time.
BUILT = frozenset({"augmentation", "decoding", "layout", "normalisation", "sampling", "schedule"})
# Stands for that of the data where lengths are in nm.
ANY_SIZE = VoxelSize(1.0, 1.0, 1.0)
# A loss that begins late is tried now.
NOW = {"start_epoch": 0, "every": 1, "ramp": 0}


def check_recipe(config: RunConfig) -> None:
    """Raises a ConfigError that lists every value of a recipe's options that no data could make right."""
    faults = [*try_parts(config), *(list(try_heads(config)) or try_losses(config))]
    if faults := faults or list(try_decoding(config)):
        raise gather_faults(faults)


def try_parts(config: RunConfig) -> Iterator[str]:
    """What is wrong with augmentations, sampling, schedule, steps of decoding and the like."""
    for kind, path, component in walk_components(config):
        if kind in BUILT:
            try:
                build_component(kind, component)
            except VolumenError as error:
                yield f"{join_path(path)}: {error}"


def try_heads(config: RunConfig) -> Iterator[str]:
    """What is wrong with targets, and with heads that learn them."""
    for name, section in config.heads.items():
        try:
            build_target(section.target, config.data.label_size)
        except VolumenError as error:
            yield f"heads.{name}.target: {error}"
            continue
        try:
            plan_heads(config.model_copy(update={"heads": {name: section}}))
        except VolumenError as error:
            yield str(error)


def try_losses(config: RunConfig) -> Iterator[str]:
    """What is wrong with losses, each tried by itself on a small patch of zeros."""
    for name, section in config.heads.items():
        for number in range(len(section.losses)):
            try:
                objective = assemble_objective(_keep_loss(config, name, number), lambda head: head)
                try_objective(objective, config.data.label_size, ANY_SIZE)
            except VolumenError as error:
                yield f"heads.{name}.losses.{number}: {error}"


def try_decoding(config: RunConfig) -> Iterator[str]:
    """What is wrong with the order of steps, where a recipe decodes at all."""
    if not config.decoding:
        return
    try:
        build_chain(config.decoding)
    except VolumenError as error:
        yield f"decoding: {error}"


def _keep_loss(config: RunConfig, name: str, number: int) -> RunConfig:
    """The recipe with one loss of one head alone, from the first step on."""

    def keep(head: str, section: HeadSection) -> HeadSection:
        loss = section.losses[number].model_copy(update=NOW) if head == name else None
        return section.model_copy(update={"losses": (loss,) if loss else ()})

    heads = {head: keep(head, section) for head, section in config.heads.items()}
    return config.model_copy(update={"heads": heads})
