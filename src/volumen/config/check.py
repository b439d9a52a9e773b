"""Every fault of a recipe at once: file, dotted path, what is wrong, the nearest valid name."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from volumen.config.component import Component, check_component
from volumen.config.layers import Layers, Path
from volumen.config.schema import RunConfig
from volumen.errors import ConfigError, suggest_nearest

# Which table of the registry names the component at each place of a recipe; `*` is any key or index.
KINDS: dict[Path, str] = {
    ("data", "normalisation"): "normalisation",
    ("data", "sampling"): "sampling",
    ("data", "augmentations", "*"): "augmentation",
    ("data", "layout"): "layout",
    ("data", "datasets", "*", "layout"): "layout",
    ("data", "split"): "split",
    ("network",): "network",
    ("heads", "*", "target"): "target",
    ("heads", "*", "losses", "*"): "loss",
    ("optimizer",): "optimizer",
    ("schedule",): "schedule",
    ("training", "balance"): "balance",
    ("validation", "metrics", "*"): "metric",
    ("validation", "decoded", "metrics", "*"): "metric",
    ("decoding", "*"): "decoding",
    ("logger",): "logger",
}

# Arguments that the program gives when it builds a component, so a recipe must not.
SUPPLIED: dict[str, frozenset[str]] = {
    "balance": frozenset({"terms"}),
    "optimizer": frozenset({"parameters"}),
    "metric": frozenset({"prediction", "truth", "ignore", "voxel_size", "table", "skeletons", "workers"}),
    "logger": frozenset({"folder"}),
    "split": frozenset({"folds", "seed", "published"}),
}


def validate_layers(layers: Layers) -> RunConfig:
    """The run that merged settings describe; a ConfigError lists every fault, a line each."""
    try:
        config = RunConfig.model_validate(layers.values)
    except ValidationError as error:
        faults = [_describe(fault, layers) for fault in error.errors()]
        raise gather_faults(faults) from None
    faults = [
        f"{layers.find_source(path)}: {join_path(path)}: {fault}"
        for kind, path, component in walk_components(config)
        for fault in check_component(kind, component, SUPPLIED.get(kind, frozenset()))
    ]
    if faults:
        raise gather_faults(faults)
    return config


def walk_components(config: RunConfig) -> Iterator[tuple[str, Path, Component]]:
    """Every component of a run with its kind and where it stands."""
    for pattern, kind in KINDS.items():
        for path, component in _walk(config, pattern, ()):
            yield kind, path, component


def _walk(value: Any, pattern: Path, path: Path) -> Iterator[tuple[Path, Component]]:
    if value is None:
        return
    if not pattern:
        yield path, value
    elif pattern[0] != "*":
        yield from _walk(getattr(value, str(pattern[0])), pattern[1:], (*path, pattern[0]))
    else:
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in children:
            yield from _walk(child, pattern[1:], (*path, key))


def gather_faults(faults: Sequence[str]) -> ConfigError:
    """One fault as it is, several under a line that counts them."""
    if len(faults) == 1:
        return ConfigError(faults[0])
    return ConfigError(f"{len(faults)} faults in the recipe\n" + "\n".join(f"  {fault}" for fault in faults))


def _describe(fault: Any, layers: Layers) -> str:
    path: Path = tuple(fault["loc"])
    source = f"{layers.find_source(path)}: {join_path(path)}"
    if fault["type"] == "extra_forbidden":
        return f"{source}: no such key; {suggest_nearest(str(path[-1]), _list_keys(path[:-1]))}"
    if fault["type"] == "missing":
        return f"{source}: needed and not given"
    if fault["type"] == "value_error":
        return f"{source}: {fault['ctx']['error']}"
    message = fault["msg"].removeprefix("Input should be ")
    return f"{source}: should be {message}; got {fault['input']!r}"


def _list_keys(path: Path) -> list[str]:
    """Keys that the schema allows at a path."""
    model: Any = RunConfig
    for part in path:
        annotation = model.model_fields[part].annotation if _is_model(model) and part in model.model_fields else None
        model = next((inner for inner in _list_models(annotation)), model)
    return list(model.model_fields)


def _list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models named anywhere in an annotation."""
    if _is_model(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _list_models(inner)


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


def join_path(path: Path) -> str:
    """A place in a recipe with dots, as overrides name it."""
    return ".".join(map(str, path)) or "(top)"
