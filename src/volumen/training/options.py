"""How a run is gone about; flags, their help and defaults derive from here."""

from dataclasses import dataclass

from volumen.errors import ConfigError


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
