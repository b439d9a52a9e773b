"""What all parts of a recipe share: frozen, unknown keys refused, and the types of single settings."""

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


class Section(BaseModel):
    """Base of every part of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
