"""What all parts of a recipe share: frozen, unknown keys refused, and the types of single settings."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from volumen.geometry import to_shape

Count = Annotated[int, Field(ge=1)]
Length = Annotated[float, Field(gt=0)]
Lengths = tuple[Length, Length, Length]


def _spread(value: object) -> object:
    """One int stands for the same extent on every axis."""
    return [value] * 3 if isinstance(value, int) and not isinstance(value, bool) else value


Extent = Annotated[tuple[Count, Count, Count], BeforeValidator(_spread), AfterValidator(to_shape)]


# Bytes of each unit that a size may be given in.
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def _read_size(value: object) -> object:
    """Bytes of a size such as `4G` or `500 MB`."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *([KMGT]?)(?:i?B)?", value.strip(), re.IGNORECASE)
    if found is None:
        raise ValueError(f"a size is a number of bytes, or one with a unit as in 4G, 500M or 1.5 GiB; got {value!r}")
    return int(float(found[1]) * UNITS[found[2].upper()])


Size = Annotated[int, BeforeValidator(_read_size), Field(ge=0)]


class Section(BaseModel):
    """Base of every part of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
