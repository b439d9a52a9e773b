"""The public verbs: each composes rooms, and is what the command line and a notebook call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from volumen.config import RunConfig, copy_recipe, format_yaml, list_recipes, read_recipe

if TYPE_CHECKING:
    import numpy as np

    from volumen.training import RunSummary

__all__ = [
    "Evaluation",
    "copy_recipe",
    "evaluate",
    "list_recipes",
    "load_model",
    "make_data",
    "read_recipe",
    "show_recipe",
    "train",
]

Progress = Callable[[int, int], None]


def show_recipe(recipe: str | Path, overrides: Sequence[str] = ()) -> str:
    """A recipe as YAML with every setting that it leaves to a default filled in."""
    return format_yaml(read_recipe(recipe, overrides).to_dict())


def make_data(
    kind: Literal["scroll", "neurons"],
    folder: str | Path,
    *,
    cases: int = 5,
    size: int = 96,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[str]:
    """Names of the synthetic cases written to a folder."""
    from volumen.data import write_phantoms

    return write_phantoms(kind, Path(folder), cases=cases, size=size, seed=seed, progress=progress)


def train(
    recipe: str | Path | RunConfig,
    *,
    data: str | Path | None = None,
    out: str | Path = "runs/run",
    fold: int | Literal["all"] = 0,
    overrides: Sequence[str] = (),
    options: "RunOptions | None" = None,
) -> "RunSummary":
    """What became of each fold that was trained; models lie in `OUT/fold_N/model`."""
    raise NotImplementedError


@dataclass(frozen=True)
class Evaluation:
    """Scores by case, and their means over the cases where they are numbers."""

    cases: dict[str, dict[str, float]]
    means: dict[str, float]


def evaluate(
    segmentation: "str | Path | np.ndarray",
    truth: "str | Path | np.ndarray",
    *,
    metrics: Sequence[str] = ("dice",),
    ignore: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Scores of a segmentation, or of a folder of them, against the truth."""
    raise NotImplementedError
