"""Verbs on predictions: made, decoded, averaged."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from volumen.api.claims import refuse_existing
from volumen.api.progress import Progress
from volumen.config import Component
from volumen.decoding import CleanUp
from volumen.errors import ConfigError

if TYPE_CHECKING:
    from volumen.decoding import Decoded
    from volumen.inference import Compute, Predicted, Prediction, PredictOptions, Tiling, TuneOptions, TuneReport


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
        source: a volume, or a folder of volumes; for models of several channels NAME_0000, NAME_0001, … are one.
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
    channels = batch.models[0].channels
    stacks = any(model.config.data.patch_size[0] > 1 for model in batch.models)
    for image, target in plan_files(Path(source), Path(output), channels=channels, stacks=stacks):
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

    refuse_existing(Path(output), overwrite=overwrite)
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
    refuse_existing(target, overwrite=overwrite)
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


def tune(
    prediction: str | Path,
    truth: str | Path,
    *,
    steps: Sequence[Component] | None = None,
    values: Sequence[str] = (),
    options: "TuneOptions | None" = None,
    progress: Progress | None = None,
) -> "TuneReport":
    """The best options of decoding for a prediction, or a folder of them, whose truth is known.

    Args:
        prediction: a .zarr that `predict` wrote, or a folder of them.
        truth: labels of the same volume, or a folder with those of the same names.
        steps: where to begin; the prediction's own decoding when not said.
        values: what to try, as `threshold.value=0.3,0.5` or `0.2:0.8:0.1`; the usual options of the steps when empty.
        options: the score, the share that is held out, how many trials.
        progress: called with trials done and in all.
    """
    from volumen.inference import pair_predictions, tune_predictions

    pairs = pair_predictions(prediction, truth)
    return tune_predictions(pairs, steps=steps, values=values, options=options, progress=progress)
