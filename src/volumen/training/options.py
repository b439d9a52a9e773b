"""How a run is gone about; flags, their help and defaults derive from here."""

from dataclasses import dataclass

from volumen.errors import ConfigError
from volumen.networks import Size


@dataclass(frozen=True)
class RunOptions:
    """How a run is gone about, beside what its recipe says.

    Args:
        resume: go on with what is in the folder, from the last finished epoch of each fold.
        overwrite: train anew what is in the folder.
        fast: one batch of each thing, to see that all works.
        continue_on_error: go on with the next fold when one fails.
        device: auto (a GPU when there is one), cpu or cuda.
    """

    resume: bool = False
    overwrite: bool = False
    fast: bool = False
    continue_on_error: bool = False
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise ConfigError("resume goes on with what is there, overwrite begins anew: give one of them")


@dataclass(frozen=True)
class ProfileOptions:
    """How training is measured.

    Args:
        steps: batches that count, of each stage and of training.
        fold: whose cases.
        device: auto (a GPU when there is one), cpu or cuda.
        without_workers: measure once more with patches made by the training process itself.
    """

    steps: int = 20
    fold: int = 0
    device: str = "auto"
    without_workers: bool = False

    def __post_init__(self) -> None:
        if self.steps < 2:  # noqa: PLR2004 - a spread needs two
            raise ConfigError(f"steps is 2 or more; got {self.steps}")


@dataclass(frozen=True)
class PlanOptions:
    """What a network is planned for.

    Args:
        size: nnU-Net's plain network for 8 GB, or its residual encoders M, L and XL for 8, 24 and 40 GB.
        gigabytes: memory of another GPU than the size was made for.
        flat: a 2D network for slices; when not said, for cases of one slice.
        device: where times are measured and memory is looked up: auto (a GPU when there is one), cpu or cuda.
    """

    size: Size = "M"
    gigabytes: float | None = None
    flat: bool | None = None
    device: str = "auto"
