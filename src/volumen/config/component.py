"""A named choice in a recipe: `{name: dice, smooth: 1e-5}`, or the name alone."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from volumen.config.plain_yaml import parse_yaml
from volumen.errors import ConfigError, UnknownNameError, suggest_nearest
from volumen.registry import load_named

Parameters = dict[str, inspect.Parameter]


class Component(BaseModel):
    """A name from the registry and the options that go to what it names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, given: object) -> object:
        """A name alone stands for `{name: …}`; every key the class itself lacks is an option."""
        if isinstance(given, str):
            return {"name": given}
        if not isinstance(given, dict) or "options" in given:
            return given
        own = {key: value for key, value in given.items() if key in cls.model_fields}
        return own | {"options": {key: value for key, value in given.items() if key not in cls.model_fields}}

    @model_serializer
    def _spread_options(self) -> dict[str, Any]:
        own = {key: getattr(self, key) for key in type(self).model_fields if key != "options"}
        return own | self.options


class WeightedComponent(Component):
    """A component with its share in a sum, and when and where it counts.

    Args:
        weight: its share.
        start_epoch: the first epoch that it counts in, from 0.
        every: it is computed in steps whose number is a multiple of this, and left out of the others.
        ramp: epochs in which its share grows evenly to the whole.
        mask_head: a head of the network: only voxels count that it takes for foreground, in its own prediction.
        mask_above: from which probability on that is so.
    """

    weight: float = Field(default=1.0, ge=0)
    start_epoch: int = Field(default=0, ge=0)
    every: int = Field(default=1, ge=1)
    ramp: int = Field(default=0, ge=0)
    mask_head: str | None = None
    mask_above: float = Field(default=0.5, gt=0, lt=1)


def build_component(kind: str, component: Component, **supplied: object) -> Any:
    """What the component names, called with its options and with those of `supplied` that it takes and lacks."""
    made = load_named(kind, component.name)
    wanted = _list_parameters(made).keys() - component.options.keys()
    return made(**component.options, **{key: value for key, value in supplied.items() if key in wanted})


def check_component(kind: str, component: Component, supplied: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with a component's name or options, a line each; none when it can be built.

    Args:
        kind: the registry's table.
        component: what the recipe says.
        supplied: arguments that the program gives and a recipe must not.
    """
    try:
        wanted = _list_parameters(load_named(kind, component.name))
    except UnknownNameError as error:
        return [str(error)]
    allowed = {key: parameter for key, parameter in wanted.items() if key not in supplied}
    faults = [
        f"{kind} {component.name!r} has no option {key!r}; {suggest_nearest(key, allowed)}"
        for key in component.options
        if key not in allowed
    ]
    faults += [
        f"{kind} {component.name!r} needs the option {key!r}"
        for key, parameter in allowed.items()
        if parameter.default is inspect.Parameter.empty and key not in component.options
    ]
    if not faults:
        faults = _check_values(kind, component, allowed)
    return faults


def set_options(components: Sequence[Component], assignments: Sequence[str]) -> tuple[Component, ...]:
    """The components with options set as `name.option=value` says; the value is YAML."""
    changed = list(components)
    for assignment in assignments:
        dotted, equals, text = assignment.partition("=")
        name, dot, option = dotted.strip().partition(".")
        if not (equals and dot and name and option):
            raise ConfigError(f"an option is written name.option=value; got {assignment!r}")
        places = [place for place, component in enumerate(changed) if component.name == name]
        if not places:
            known = suggest_nearest(name, [component.name for component in components])
            raise ConfigError(f"{assignment!r}: {name!r} is not asked for; {known}")
        value = parse_yaml(text, f"option {assignment!r}")
        for place in places:
            one = changed[place]
            changed[place] = one.model_copy(update={"options": one.options | {option: value}})
    return tuple(changed)


def _check_values(kind: str, component: Component, allowed: Parameters) -> list[str]:
    """Options of the wrong type, by the callable's annotations."""
    from pydantic import ConfigDict, ValidationError, create_model

    fields: dict[str, Any] = {
        key: (parameter.annotation, parameter.default)
        for key, parameter in allowed.items()
        if key in component.options and parameter.annotation is not inspect.Parameter.empty
    }
    model = create_model("Options", __config__=ConfigDict(arbitrary_types_allowed=True), **fields)
    try:
        model(**component.options)
    except ValidationError as error:
        return [
            f"{kind} {component.name!r}, option {'.'.join(map(str, fault['loc']))!r}: {fault['msg'].lower()}; "
            f"got {fault['input']!r}"
            for fault in error.errors()
        ]
    return []


def _list_parameters(made: Callable[..., Any]) -> Parameters:
    try:
        return dict(inspect.signature(made).parameters)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{made!r} has no signature to check options against") from error
