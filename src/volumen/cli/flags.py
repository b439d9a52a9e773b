"""Flags from the frozen dataclasses that the verbs take: names, defaults and help stand there and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from cyclopts import Parameter

Command = TypeVar("Command", bound=Callable[..., Any])


def expose_knobs(command: Command) -> Command:
    """The command, with a flag for each field of the dataclasses it takes; several numbers have commas between them."""
    defaults = command.__kwdefaults__ or {}
    for name, hint in get_type_hints(command).items():
        if is_dataclass(hint) and isinstance(hint, type):
            flags = _build_flags(hint)
            command.__annotations__[name] = Annotated[flags, Parameter(name="*")]
            defaults[name] = flags()
    return command


def _build_flags(knobs: type) -> type:
    """The dataclass, or a subclass whose fields of several numbers read them from one word."""
    hints = get_type_hints(knobs)
    listed = {field.name: field.default for field in fields(knobs) if _takes_list(hints[field.name])}
    if not listed:
        return knobs
    reader = Parameter(converter=_read_numbers, n_tokens=1, metavar="N[,N…]")
    annotations = {name: Annotated[hints[name], reader] for name in listed}
    body = {"__annotations__": annotations, "__doc__": knobs.__doc__, "__module__": __name__, **listed}
    return dataclass(frozen=True)(type(knobs.__name__, (knobs,), body))


def _takes_list(hint: object) -> bool:
    return any(get_origin(option) is tuple for option in (hint, *get_args(hint)))


def _read_numbers(hint: Any, tokens: Sequence[Any]) -> float | tuple[float, ...]:
    """Several numbers with commas between them; a lone int stands for all axes where no lone number is due."""
    word = tokens[0].value
    try:
        numbers = tuple(float(part) if "." in part or "e" in part else int(part) for part in word.split(","))
    except ValueError:
        raise ValueError(f"{word} is not a number, nor numbers with commas between them") from None
    options = get_args(hint) or (hint,)
    if len(numbers) == 1 and float in options:
        return numbers[0]
    due = len(get_args(next(option for option in (hint, *options) if get_origin(option) is tuple)))
    if len(numbers) == 1 and isinstance(numbers[0], int):
        return numbers * due
    if len(numbers) != due:
        raise ValueError(f"{due} numbers with commas between them are due; got {word}")
    return numbers
