"""Verbs on models: planned, trained, loaded, brought in from elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from volumen.api.progress import NamedProgress, Progress
from volumen.api.recipes import settle_recipe
from volumen.config import RunConfig, read_recipe
from volumen.errors import ConfigError, DataError, ExistsError, OutputError

if TYPE_CHECKING:
    from volumen.inference import Model, Tiling
    from volumen.training import PlanOptions, Preflight, RunOptions, RunSummary


def plan(
    data: str | Path,
    *,
    recipe: str | Path | RunConfig | None = None,
    overrides: Sequence[str] = (),
    predict: str | Path | None = None,
    options: "PlanOptions | None" = None,
    tiling: "Tiling | None" = None,
    progress: Progress | None = None,
) -> "Preflight":
    """What training on a data set would meet: its fingerprint, a network, memory, time, and all that is wrong.

    Args:
        data: folder of cases.
        recipe: what would be trained; planned by the rules of nnU-Net when not said.
        overrides: settings of the recipe on top, as `a.b=c`.
        predict: a volume, to forecast what predicting it would take.
        options: what the network is planned for, and where times are measured.
        tiling: how that volume would be cut.
        progress: called with millions of voxels read and in all.
    """
    from volumen.training import run_preflight

    if recipe is None and overrides:
        raise ConfigError(f"{overrides[0]} is a setting of a recipe, and none is named: give one with --recipe")
    config = None if recipe is None else settle_recipe(recipe, data, overrides)
    return run_preflight(data, config, predict=predict, tiling=tiling, options=options, progress=progress)


def write_plan(result: "Preflight", path: str | Path, *, data: str | Path, overwrite: bool = False) -> Path:
    """The file with the recipe of a plan, which trains as it is.

    Args:
        result: what `plan` gave.
        path: a name that ends in .yaml.
        data: what it was planned for; said in a comment.
        overwrite: replace a file that is there.
    """
    from volumen.training import format_recipe

    target = check_recipe_path(path, overwrite=overwrite)
    if result.recipe is None or not result.can_train:
        raise DataError(f"{target} is not written: there is no plan that could be trained")
    notes = ["A network planned for a data set: heads by what its labels hold, patch, batch and network by its shapes."]
    notes += ["", f"Run:   volumen train {target} --data {data}"]
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_text(format_recipe(result.recipe, notes), encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise OutputError(f"{target} cannot be written ({error.strerror}); name another file") from error
    return target


def check_recipe_path(path: str | Path, *, overwrite: bool) -> Path:
    """The path, if a recipe may be written there."""
    target = Path(path)
    if target.suffix not in {".yaml", ".yml"}:
        raise ConfigError(f"a recipe is written to a name that ends in .yaml; got {target}")
    if target.exists() and not overwrite:
        raise ExistsError(f"{target} is there already; name another file")
    return target


def import_nnunet(
    folder: str | Path,
    out: str | Path,
    *,
    fold: int | Literal["all"] = "all",
    checkpoint: str = "checkpoint_final.pth",
    overwrite: bool = False,
) -> list[Path]:
    """The model folders written from an nnU-Net v2 results folder: `OUT/fold_N/model` for every fold.

    Args:
        folder: what nnU-Net trained into: plans.json, dataset.json and fold_N/checkpoint_final.pth.
        out: where the models go.
        fold: which one, or all.
        checkpoint: name of the checkpoint in each fold.
        overwrite: replace models that are there.
    """
    from volumen.inference import import_nnunet as import_models

    return import_models(folder, out, fold=fold, checkpoint=checkpoint, overwrite=overwrite)


def train(
    recipe: str | Path | RunConfig,
    *,
    data: str | Path | None = None,
    out: str | Path = "runs/run",
    fold: int | Literal["all"] = 0,
    overrides: Sequence[str] = (),
    options: "RunOptions | None" = None,
    progress: NamedProgress | None = None,
) -> "RunSummary":
    """How every fold ended; the models lie in `OUT/fold_N/model`.

    Args:
        recipe: a packaged name, a path, or a run that was read already.
        data: folder of cases; the recipe's data.root when not said.
        out: folder of the run.
        fold: which one, or all.
        overrides: settings on top, as `a.b=c`.
        options: resume, overwrite, fast and the like.
        progress: called with what is done, as batches, how much of it is, and how much there is in all.
    """
    from volumen.training import train_folds

    config = settle_recipe(recipe, data, overrides)
    return train_folds(config, out=out, folds=fold, options=options, progress=progress)


def load_model(folder: str | Path, *, device: str = "auto") -> "Model":
    """The model in a folder, ready to predict."""
    from volumen.inference import load_model as load

    return load(folder, device=device)


def build_model(recipe: str | Path, overrides: Sequence[str] = (), *, channels: int = 1) -> "Model":
    """The model that training with a recipe starts from: its network with the weights its seed draws."""
    from volumen.inference import build_model as build

    return build(read_recipe(recipe, overrides), channels=channels)
