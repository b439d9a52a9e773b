"""Recipes by name or path: found, laid over what they extend, overridden, checked, written."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from volumen.config.check import validate_layers
from volumen.config.component import Component
from volumen.config.layers import Layers
from volumen.config.plain_yaml import format_yaml, read_mapping
from volumen.config.schema import RunConfig
from volumen.errors import ConfigError, ExistsError, MissingError, suggest_nearest

YAML_SUFFIXES = {".yaml", ".yml"}
_FOLDER = Path(str(resources.files("volumen.config"))) / "recipes"


def list_recipes() -> dict[str, str]:
    """Packaged recipes and the first line of each one's header, by name."""
    return {path.stem: _read_header(path) for path in sorted(_FOLDER.glob("*.yaml"))}


def find_recipe(recipe: str | Path) -> Path:
    """The file of a recipe: a path as it is, else the packaged one of that name."""
    path = Path(recipe)
    if path.suffix in YAML_SUFFIXES or path.is_file():
        if not path.is_file():
            raise MissingError(f"there is no recipe file {path}; `volumen recipes list` names the packaged ones")
        return path
    packaged = _FOLDER / f"{recipe}.yaml"
    if not packaged.is_file():
        raise MissingError(
            f"no packaged recipe is called {str(recipe)!r}; {suggest_nearest(str(recipe), list_recipes())}"
        )
    return packaged


def read_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """The run a recipe describes, checked; a ConfigError lists every fault.

    Args:
        recipe: a packaged name or a path.
        overrides: settings on top, as `a.b=c`.
    """
    layers = Layers()
    _lay_file(layers, find_recipe(recipe), ())
    for assignment in overrides:
        layers.override(assignment)
    return validate_layers(layers)


def read_config(path: Path) -> RunConfig:
    """The run that a resolved file holds."""
    layers = Layers()
    layers.lay(read_mapping(path), str(path))
    return validate_layers(layers)


def parse_config(values: dict[str, object], source: str) -> RunConfig:
    """The run that plain values describe, as a model folder carries them."""
    layers = Layers()
    layers.lay(values, source)
    return validate_layers(layers)


def write_config(config: RunConfig, path: Path) -> None:
    """Write every setting of a run, defaults filled in, so that it can be read back alone."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(format_yaml(config.to_dict()), encoding="utf-8")
    partial.replace(path)


def read_steps(text: str) -> tuple[Component, ...]:
    """Steps of decoding as names with commas between them, or the `decoding` of a YAML file."""
    path = Path(text)
    if path.suffix not in YAML_SUFFIXES:
        return tuple(Component(name=name.strip()) for name in text.split(","))
    steps = read_mapping(path).get("decoding")
    if not isinstance(steps, list):
        raise ConfigError(f"{path} has no list of steps under decoding")
    try:
        return tuple(Component.model_validate(step) for step in steps)
    except ValidationError as error:
        raise ConfigError(f"{path}: decoding is a list of names, or of mappings with a name; {error}") from error


def write_steps(path: Path, steps: Sequence[Component], notes: Sequence[str] = ()) -> None:
    """Write steps as the `decoding` of a recipe, under notes for people."""
    above = "".join(f"# {note}\n" for note in notes)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(above + format_yaml({"decoding": [step.model_dump(mode="json") for step in steps]}), "utf-8")
    partial.replace(path)


def copy_recipe(recipe: str, target: Path) -> Path:
    """Copy a packaged recipe to a file of one's own; an existing file is refused."""
    source = find_recipe(recipe)
    path = target / source.name if target.is_dir() else target
    if path.exists():
        raise ExistsError(f"{path} is there already; name another file")
    path.write_bytes(source.read_bytes())
    return path


def _lay_file(layers: Layers, path: Path, below: tuple[Path, ...]) -> None:
    if path.resolve() in below:
        raise ConfigError(f"{path}: extends itself, through {' → '.join(file.name for file in below)}")
    values = read_mapping(path)
    parent = values.pop("extends", None)
    if parent is not None:
        if not isinstance(parent, str):
            raise ConfigError(f"{path}: extends takes one recipe's name or path; got {parent!r}")
        beside = path.parent / parent
        _lay_file(layers, beside if beside.is_file() else find_recipe(parent), (*below, path.resolve()))
    layers.lay(values, str(path))


def _read_header(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("#").strip()
