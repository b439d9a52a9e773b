"""The public verbs: each composes rooms, and is what the command line and a notebook call."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from volumen.config import Component, RunConfig, copy_recipe, files, format_yaml, list_recipes, read_recipe
from volumen.decoding import CleanUp
from volumen.errors import ConfigError, ExistsError
from volumen.volumes import name_volume, open_volume

if TYPE_CHECKING:
    import numpy as np

    from volumen.data import Downloaded, RemoteData
    from volumen.decoding import Decoded
    from volumen.inference import Compute, Model, Predicted, Prediction, PredictOptions, Tiling
    from volumen.metrics import Evaluation, Scoring
    from volumen.networks import Memory, Size, TrainingPlan
    from volumen.training import RunOptions, RunSummary
    from volumen.viewing import Report
    from volumen.volumes import Converted, ConvertOptions, Facts

__all__ = [
    "CleanUp",
    "build_model",
    "convert",
    "copy_recipe",
    "decode",
    "download_data",
    "ensemble",
    "evaluate",
    "forecast_plan",
    "import_nnunet",
    "inspect_volume",
    "list_downloads",
    "list_recipes",
    "load_model",
    "make_data",
    "plan",
    "predict",
    "predict_each",
    "read_recipe",
    "show_recipe",
    "train",
    "write_error_maps",
    "write_report",
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

    return write_phantoms(kind, folder, cases=cases, size=size, seed=seed, progress=progress)


def inspect_volume(spec: str | Path) -> "Facts":
    """What a volume is, and what its voxels hold as far as a bounded sample tells."""
    from volumen.volumes import inspect_volume as inspect

    return inspect(spec)


def convert(
    source: "str | Path | np.ndarray",
    target: str | Path,
    *,
    options: "ConvertOptions | None" = None,
    progress: Progress | None = None,
) -> "Converted":
    """How it went to copy a volume into another format, type, part or pyramid; streamed, never held.

    Args:
        source: a volume's spec, or an array.
        target: `x.zarr`, `x.zarr/name`, `x.ome.zarr`, `x.tif`, `x.h5:dataset`, `x.nii.gz` or `x.npy`.
        options: what is changed on the way, and how the copy is kept.
        progress: called with blocks done and in all.
    """
    from volumen.volumes import convert_volume

    return convert_volume(source, target, options=options, progress=progress)


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


def list_downloads() -> "tuple[RemoteData, ...]":
    """Every public data set that `download_data` fetches or says how to come by."""
    from volumen.data import list_data

    return list_data()


def download_data(
    name: str,
    folder: str | Path | None = None,
    *,
    parts: Sequence[str] = (),
    keep: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> "Downloaded":
    """What is there of a public data set once it is fetched, checked and unpacked.

    Args:
        name: of the data set; `list_downloads` gives all.
        folder: where it goes; data/NAME when not said.
        parts: which parts of it; the usual ones when none is named.
        keep: whether archives stay.
        progress: called with what is being done, and bytes done and in all.
    """
    from volumen.data import download_data as download
    from volumen.data import find_data

    target = Path("data") / name if folder is None else Path(folder)
    return download(find_data(name), target, parts=parts, keep=keep, progress=progress)


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

    config = recipe if isinstance(recipe, RunConfig) else read_recipe(recipe, overrides)
    if data is not None:
        config = config.model_copy(update={"data": config.data.model_copy(update={"root": str(data)})})
    return train_folds(config, out=out, folds=fold, options=options, progress=progress)


def load_model(folder: str | Path, *, device: str = "auto") -> "Model":
    """The model in a folder, ready to predict."""
    from volumen.inference import load_model as load

    return load(folder, device=device)


def build_model(recipe: str | Path, overrides: Sequence[str] = (), *, channels: int = 1) -> "Model":
    """The model that training with a recipe starts from: its network with the weights its seed draws."""
    from volumen.inference import build_model as build

    return build(read_recipe(recipe, overrides), channels=channels)


def predict(
    models: Sequence[str | Path],
    source: str | Path,
    output: str | Path,
    *,
    tiling: "Tiling | None" = None,
    compute: "Compute | None" = None,
    clean_up: CleanUp | None = None,
    options: "PredictOptions | None" = None,
    progress: Progress | None = None,
) -> "list[Predicted]":
    """What became of each file: labels as NAME.tif, and NAME_visualization.tif for the eye.

    Of a single file an error is raised; of a folder's files it stands in the result, and the others go on.

    Args:
        models: model folders; the probabilities of several are averaged.
        source: a volume, or a folder of volumes.
        output: a folder, or for a single volume a .tif of labels or a .zarr of probabilities.
        tiling: how volumes are cut.
        compute: what they are computed with.
        clean_up: changes to the recipe's clean-up.
        options: which part, which head, what is kept.
        progress: called with tiles done and in all of the present file.
    """
    knobs = {"tiling": tiling, "compute": compute, "clean_up": clean_up, "options": options}
    given = {name: knob for name, knob in knobs.items() if knob is not None}
    results = list(predict_each(models, source, output, progress=progress, **given))  # type: ignore[arg-type]
    if len(results) == 1 and results[0].error is not None and not Path(source).is_dir():
        raise results[0].error
    return results


def predict_each(
    models: Sequence[str | Path],
    source: str | Path,
    output: str | Path,
    *,
    tiling: "Tiling | None" = None,
    compute: "Compute | None" = None,
    clean_up: CleanUp | None = None,
    options: "PredictOptions | None" = None,
    progress: Progress | None = None,
) -> "Iterator[Predicted]":
    """What became of each file, as soon as it is done; see `predict`."""
    from volumen.inference import Batch, Compute, PredictOptions, Tiling, load_model, plan_files, predict_file

    compute = compute or Compute()
    batch = Batch(
        models=[load_model(folder, device=compute.device) for folder in models],
        tiling=tiling or Tiling(),
        compute=compute,
        clean_up=clean_up or CleanUp(),
        options=options or PredictOptions(),
    )
    for image, target in plan_files(Path(source), Path(output)):
        yield predict_file(batch, image, target, progress=progress)


def decode(
    prediction: str | Path,
    output: str | Path,
    *,
    clean_up: CleanUp | None = None,
    steps: Sequence[Component] | None = None,
    head: str | None = None,
    overwrite: bool = False,
) -> "Decoded":
    """Labels decoded from a prediction on disk, written with a copy for the eye beside them.

    Args:
        prediction: a .zarr that `predict` or `ensemble` wrote.
        output: a .tif.
        clean_up: changes to the steps.
        steps: the clean-up, when not as the model's recipe says.
        head: which head; the first when not said.
        overwrite: replace labels that are there.
    """
    from volumen.inference import export_labels, open_prediction

    _refuse_existing(Path(output), overwrite=overwrite)
    opened = open_prediction(prediction)
    wanted = (clean_up or CleanUp()).change(opened.decoding if steps is None else steps)
    return export_labels(opened, output, wanted, head=head)


def ensemble(
    predictions: Sequence[str | Path],
    output: str | Path,
    *,
    weights: Sequence[float] | None = None,
    clean_up: CleanUp | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> "Prediction | Decoded":
    """The mean of predictions of one volume: as a prediction (.zarr), or decoded to labels (.tif).

    Args:
        predictions: .zarr groups with the same heads and shape.
        output: a .zarr or a .tif.
        weights: what each counts; all the same when not said.
        clean_up: changes to the clean-up of the first prediction's model.
        overwrite: replace output that is there.
        progress: called with blocks done and in all.
    """
    from volumen.inference import average_predictions

    target = Path(output)
    _refuse_existing(target, overwrite=overwrite)
    if target.suffix == ".zarr":
        if clean_up not in {None, CleanUp()}:
            raise ConfigError(f"{target} keeps probabilities, which are not cleaned up; use `volumen decode` on it")
        return average_predictions(predictions, target, weights=weights, progress=progress)
    work = target.with_name(f".{target.stem}.zarr")
    try:
        average_predictions(predictions, work, weights=weights, progress=progress)
        return decode(work, target, clean_up=clean_up)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def evaluate(
    segmentation: "str | Path | np.ndarray",
    truth: "str | Path | np.ndarray",
    *,
    metrics: Sequence[str | Component] = ("dice",),
    scoring: "Scoring | None" = None,
    progress: Progress | None = None,
) -> "Evaluation":
    """Scores of a segmentation, or of a folder of them, against the truth.

    Args:
        segmentation: an array, a volume, or a folder of volumes.
        truth: likewise; files of two folders belong together by their names.
        metrics: names, or components with options.
        scoring: what is ignored, which cases are averaged apart, how many are scored at once.
        progress: called with cases done and in all.
    """
    from volumen.data import find_groups
    from volumen.metrics import Scoring, evaluate_cases, pair_cases

    wanted = [Component.model_validate(metric) for metric in metrics]
    scoring = scoring or Scoring()
    pairs = pair_cases(segmentation, truth, allow_missing=scoring.allow_missing)
    groups = find_groups(pairs.cases, scoring.group) if scoring.group else None
    return evaluate_cases(pairs, wanted, scoring=scoring, groups=groups, progress=progress)


def write_error_maps(
    segmentation: "str | Path | np.ndarray",
    truth: "str | Path | np.ndarray",
    out: str | Path,
    *,
    scoring: "Scoring | None" = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> "dict[str, dict[str, int]]":
    """Voxels that are right, split, merged, missed, invented and ignored, by case; maps and pictures are written.

    OUT/NAME.tif (or .zarr, where the segmentation is one) holds an `ErrorKind` a voxel, OUT/NAME.png shows it.

    Args:
        segmentation: instance labels or a mask: an array, a volume, or a folder of volumes.
        truth: likewise; files of two folders belong together by their names.
        out: a folder.
        scoring: what is ignored, and whether cases may be missing.
        overwrite: replace maps that are there.
        progress: called with cases done and in all.
    """
    from volumen.metrics import Scoring, choose_ignored, map_errors, pair_cases, write_errors
    from volumen.viewing import write_error_picture
    from volumen.volumes import create_volume, to_volume

    scoring = scoring or Scoring()
    pairs = pair_cases(segmentation, truth, allow_missing=scoring.allow_missing)
    counts: dict[str, dict[str, int]] = {}
    for name, pair in pairs.cases.items():
        predicted, true = map(to_volume, pair)
        ending = ".zarr" if str(pair[0]).rstrip("/").endswith(".zarr") else ".tif"
        target = Path(out) / f"{name}{ending}"
        _refuse_existing(target, overwrite=overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        errors = map_errors(predicted, true, ignore=choose_ignored(scoring, true))
        size = true.voxel_size or predicted.voxel_size
        volume = create_volume(target, shape=true.shape, dtype="uint8", voxel_size=size)
        counts[name] = {kind.name.lower(): voxels for kind, voxels in write_errors(errors, volume).items()}
        write_error_picture(target.with_suffix(".png"), errors, true, voxel_size=size)
        if progress:
            progress(len(counts), len(pairs.cases))
    return counts


def write_report(
    run: str | Path,
    out: str | Path | None = None,
    *,
    image: str | Path | None = None,
    truth: str | Path | None = None,
    prediction: str | Path | None = None,
    scores: Mapping[str, Mapping[str, float]] | None = None,
    decoded: "Decoded | None" = None,
    ignore: int | None = 2,
) -> Path:
    """The report written: curves, previews and recipe of a training run, or how a prediction was made; and pictures.

    Args:
        run: the --out folder of a training, one of its folds, or a prediction (.zarr).
        out: the HTML file; report.html in the run's folder, or NAME.html beside a prediction, when not said.
        image: a volume to show in three directions.
        truth: its labels.
        prediction: its predicted labels.
        scores: rows of the score table by what they are the scores of.
        decoded: what the clean-up of the prediction did.
        ignore: value of the truth where nobody looked.
    """
    from volumen.viewing import Scene, collect_run, show_scene, tabulate_scores, tabulate_steps
    from volumen.viewing import write_report as write

    folder = Path(run)
    is_prediction = folder.suffix == ".zarr"
    report = _describe_prediction(folder) if is_prediction else collect_run(folder)
    sections = [tabulate_scores(scores)] if scores else []
    if image is not None:
        true, predicted = (None if spec is None else open_volume(spec) for spec in (truth, prediction))
        volume = open_volume(image)
        scene = Scene(volume, truth=true, prediction=predicted, ignore=ignore, voxel_size=volume.voxel_size)
        report = replace(report, sections=(show_scene(name_volume(image), scene), *report.sections))
    if decoded is not None:
        sections.append(tabulate_steps(decoded.steps))
    place = folder.with_suffix(".html") if is_prediction else folder / files.REPORT
    return write(out or place, replace(report, sections=(*sections, *report.sections)))


def _describe_prediction(path: Path) -> "Report":
    """How a prediction was made, as its file says."""
    from volumen.inference import open_prediction
    from volumen.viewing import Column, Report, TableSection, list_environment

    prediction = open_prediction(path)
    heads = ", ".join(f"{head.name} ({head.channels} × {head.activation})" for head in prediction.heads)
    facts = {"models": ", ".join(prediction.models), "heads": heads, "stored as": prediction.stored}
    facts |= {
        key: str(value) for key, value in prediction.attributes["plan"].items() if key not in {"heads", "members"}
    }
    table = TableSection("How it was made", (Column("what"), Column("value")), tuple(facts.items()))
    shape = " × ".join(map(str, prediction.shape))
    return Report(f"Prediction {path.stem}", f"{shape} voxels.", sections=(table, list_environment()))


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if not path.exists():
        return
    if not overwrite:
        raise ExistsError(f"{path} is there already; ask for --overwrite, or name another output")
    shutil.rmtree(path) if path.is_dir() else path.unlink()
