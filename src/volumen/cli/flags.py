"""Flags from the frozen dataclasses that the verbs take: names, defaults and help stand there and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from cyclopts import Parameter

Command = TypeVar("Command", bound=Callable[..., Any])


def expose_knobs(command: Command) -> Command:
    """The command, with a flag for each field of the dataclasses it takes; numbers in a row have commas between them."""
    for name, hint in get_type_hints(command).items():
        if is_dataclass(hint) and isinstance(hint, type):
            command.__annotations__[name] = Annotated[_build_flags(hint), Parameter(name="*")]
    return command


def _build_flags(knobs: type) -> type:
    """A subclass whose fields of several numbers read them from one word."""
    hints = get_type_hints(knobs)
    listed = {field.name: field.default for field in fields(knobs) if _takes_list(hints[field.name])}
    reader = Parameter(converter=_read_numbers, n_tokens=1)
    annotations = {name: Annotated[hints[name], reader] for name in listed}
    body = {"__annotations__": annotations, "__doc__": knobs.__doc__, "__module__": __name__, **listed}
    return dataclass(frozen=True)(type(knobs.__name__, (knobs,), body))


def _takes_list(hint: object) -> bool:
    return any(get_origin(option) is tuple for option in (hint, *get_args(hint)))


def _read_numbers(_: object, tokens: Sequence[Any]) -> float | tuple[float, ...]:
    """One number, or several with commas between them."""
    try:
        numbers = [float(part) if "." in part or "e" in part else int(part) for part in tokens[0].value.split(",")]
    except ValueError:
        raise ValueError(f'"{tokens[0].value}" is not a number, nor numbers with commas between them') from None
    return numbers[0] if len(numbers) == 1 else tuple(numbers)
