"""What every step of a recipe's `decoding` list is."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Integer
from pydantic import Field

from volumen.decoding.head_maps import HeadMap, Role

Mask = Bool[np.ndarray, "z y x"]
Labels = Bool[np.ndarray, "z y x"] | Integer[np.ndarray, "z y x"]
Maps = Mapping[str, HeadMap]

Share = Annotated[float | int, Field(ge=0, le=1)]
Radius = Annotated[float | int, Field(ge=0)]
Voxels = Annotated[int, Field(ge=0)]


@runtime_checkable
class Step(Protocol):
    """Callable on what it takes: a first step on heads, the others on a mask, or on labels and masks too."""

    takes: ClassVar[Literal["heads", "mask", "labels"]]

    def __call__(self, array: Any, /) -> Labels:
        """The mask or labels after the step."""
        ...


@runtime_checkable
class FirstStep(Step, Protocol):
    """A step that reads a prediction: it names an option for each head that it can read."""

    roles: ClassVar[tuple[Role, ...]]
