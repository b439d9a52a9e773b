"""Flags from the frozen dataclasses that the verbs take: names, defaults and help stand there and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from cyclopts import Parameter

Knobs = TypeVar("Knobs")


def expose(knobs: type[Knobs]) -> type[Knobs]:
    """The dataclass as one whose fields are flags; several numbers are written with commas between them."""
    hints = get_type_hints(knobs)
    listed = {field.name: hints[field.name] for field in fields(knobs) if _takes_list(hints[field.name])}  # type: ignore[arg-type]
    body: dict[str, Any] = {
        "__annotations__": {
            name: Annotated[hint, Parameter(converter=_read_numbers, n_tokens=1)] for name, hint in listed.items()
        },
        "__doc__": knobs.__doc__,
        "__module__": __name__,
    }
    body |= {field.name: field.default for field in fields(knobs) if field.name in listed}  # type: ignore[arg-type]
    flags: type[Knobs] = dataclass(frozen=True)(type(knobs.__name__, (knobs,), body))
    return Parameter(name="*")(flags)


def _takes_list(hint: object) -> bool:
    return any(get_origin(option) is tuple for option in (hint, *get_args(hint)))


def _read_numbers(_: object, tokens: Sequence[Any]) -> float | tuple[float, ...]:
    """One number, or several with commas between them."""
    try:
        numbers = [float(part) if "." in part or "e" in part else int(part) for part in tokens[0].value.split(",")]
    except ValueError:
        raise ValueError(f'"{tokens[0].value}" is not a number, nor numbers with commas between them') from None
    return numbers[0] if len(numbers) == 1 else tuple(numbers)
