"""Verbs on models: planned, trained, loaded, brought in from elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from volumen.api.progress import Progress
from volumen.api.recipes import settle_recipe
from volumen.config import RunConfig, read_recipe
from volumen.volumes import open_volume

if TYPE_CHECKING:
    from volumen.inference import Model
    from volumen.networks import Memory, Size, TrainingPlan
    from volumen.training import RunOptions, RunSummary


def plan(
    data: str | Path,
    *,
    size: "Size" = "M",
    gigabytes: float | None = None,
    outputs: int = 2,
    flat: bool | None = None,
) -> "TrainingPlan":
    """Patch, batch and network for the cases of a folder and a GPU, by the rules of nnU-Net.

    Args:
        data: folder of cases.
        size: nnU-Net's plain network for 8 GB, or its residual encoders M, L and XL for 8, 24 and 40 GB.
        gigabytes: memory of another GPU than the size was made for.
        outputs: channels of all heads.
        flat: a 2D network for slices; when not said, for cases of one slice.
    """
    from volumen.data import find_cases
    from volumen.networks import plan_training

    cases = find_cases(data, flat=True)
    known = [case.voxel_size for case in cases if case.voxel_size is not None]
    return plan_training(
        [open_volume(case.image).shape for case in cases],
        known if len(known) == len(cases) else None,
        size=size,
        gigabytes=gigabytes,
        outputs=outputs,
        flat=flat,
    )


def forecast_plan(plan: "TrainingPlan", *, channels: int = 1, outputs: int = 2) -> "Memory":
    """What training with a plan will take of memory; nothing of that size is made."""
    from volumen.networks import forecast_plan as forecast

    return forecast(plan, channels=channels, outputs=outputs)


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
    progress: Progress | None = None,
) -> "RunSummary":
    """How every fold ended; the models lie in `OUT/fold_N/model`.

    Args:
        recipe: a packaged name, a path, or a run that was read already.
        data: folder of cases; the recipe's data.root when not said.
        out: folder of the run.
        fold: which one, or all.
        overrides: settings on top, as `a.b=c`.
        options: resume, overwrite, fast and the like.
        progress: called with batches of a fold done and in all.
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
