"""`volumen predict`, `decode` and `ensemble`."""

import time
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_progress
from volumen.config import Component, read_steps, set_options
from volumen.decoding import CleanUp, Decoded
from volumen.errors import ConfigError
from volumen.inference import Compute, PredictOptions, Tiling, open_prediction
from volumen.viewing import format_duration

if TYPE_CHECKING:
    from volumen.inference import Predicted


@expose_knobs
def predict(
    *paths: str,
    tiling: Tiling = Tiling(),
    compute: Compute = Compute(),
    clean_up: CleanUp = CleanUp(),
    options: PredictOptions = PredictOptions(),
) -> int:
    """Segment a volume, or every volume in a folder, of any size: MODEL… INPUT OUTPUT.

    OUTPUT is a folder (NAME.tif with labels, NAME_visualization.tif for the eye), or for a single volume a .tif of
    labels or a .zarr of probabilities. The probabilities of several models are averaged.

    Args:
        paths: One model folder or several, then a volume or a folder of volumes, then where the output goes.
    """
    if len(paths) < 3:  # noqa: PLR2004 - a model, an input, an output
        raise ConfigError(f"predict takes MODEL… INPUT OUTPUT, three paths or more; got {len(paths)}")
    *models, source, output = paths
    started = time.monotonic()
    results: list[Predicted] = []
    with show_progress("tiles") as progress:
        for result in api.predict_each(
            models,
            source,
            output,
            tiling=tiling,
            compute=compute,
            clean_up=clean_up,
            options=options,
            progress=progress,
        ):
            if result.error is not None and not Path(source).is_dir():
                raise result.error
            _print_result(result)
            results.append(result)
    return _print_summary(results, time.monotonic() - started)


@expose_knobs
def decode(
    prediction: Path,
    output: Path,
    /,
    *options: str,
    steps: Annotated[str | None, Parameter(name="--with")] = None,
    clean_up: CleanUp = CleanUp(),
    head: str | None = None,
    overwrite: bool = False,
) -> None:
    """Make labels from a prediction on disk: the recipe's decoding, with the changes asked for.

    Args:
        prediction: A .zarr that predict or ensemble wrote.
        output: A .tif; NAME_visualization.tif is written beside it.
        options: Options of steps, as watershed.seed_distance=2.
        steps: Other steps than the recipe's: names with commas between them, or a YAML file that tune wrote.
        head: Which head; the first when not said.
        overwrite: Replace labels that are there.
    """
    chosen = set_options(choose_steps(prediction, steps), options) if steps or options else None
    decoded = api.decode(prediction, output, clean_up=clean_up, steps=chosen, head=head, overwrite=overwrite)
    _print_steps(decoded)
    print(output)


def choose_steps(prediction: Path, steps: str | None) -> Sequence[Component]:
    """The steps that are named, else those that a prediction's recipe has."""
    return open_prediction(prediction).decoding if steps is None else read_steps(steps)


@expose_knobs
def ensemble(
    *paths: str,
    weights: str | None = None,
    input: str | None = None,  # noqa: A002 - the flag's name
    clean_up: CleanUp = CleanUp(),
    overwrite: bool = False,
) -> int:
    """Average the probabilities of predictions, or of models for an --input: PREDICTION… OUTPUT.

    Args:
        paths: Predictions (.zarr) or model folders, then the output: a .zarr of probabilities or a .tif of labels.
        weights: What each prediction counts, with commas between the numbers; all the same when not said.
        input: A volume, or a folder of volumes, when models are averaged.
        overwrite: Replace output that is there.
    """
    if len(paths) < 2:  # noqa: PLR2004 - a member, an output
        raise ConfigError(f"ensemble takes PREDICTION… OUTPUT, two paths or more; got {len(paths)}")
    *members, output = paths
    if input is not None:
        if weights is not None:
            raise ConfigError("--weights goes with predictions; the models of an --input all count the same")
        return predict(*members, input, output, clean_up=clean_up, options=PredictOptions(overwrite=overwrite))
    with show_progress("blocks") as progress:
        made = api.ensemble(
            members, output, weights=_read_weights(weights), clean_up=clean_up, overwrite=overwrite, progress=progress
        )
    if isinstance(made, Decoded):
        _print_steps(made)
    print(output)
    return 0


def _read_weights(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--weights takes numbers with commas between them, as 1,3; got {text!r}") from None


def _print_result(result: "Predicted") -> None:
    if result.error is not None:
        print(f"{result.source.name}: failed: {result.error}")
        return
    if result.skipped:
        print(f"{result.source.name}: {result.target} is there already")
        return
    shape = " × ".join(map(str, result.shape or ()))
    print(f"{result.source.name}: {shape}, {result.tiles} tiles, {format_duration(result.seconds)} → {result.target}")
    if result.decoded is not None:
        _print_steps(result.decoded)


def _print_steps(decoded: Decoded) -> None:
    print(f"  {'step':<10} {'voxels':>21} {'components':>15} {'cavities':>15}")
    for step in decoded.steps:
        before = astuple(step.before)[:3] if step.before else ("",) * 3
        cells = [
            f"{old} → {new}" if step.before else f"{new}"
            for old, new in zip(before, astuple(step.after)[:3], strict=True)
        ]
        print(f"  {step.name:<10} {cells[0]:>21} {cells[1]:>15} {cells[2]:>15}")
    print(
        f"  foreground {decoded.foreground} voxels, background {decoded.background}, "
        f"{decoded.components} components, the largest {decoded.largest} voxels"
    )


def _print_summary(results: "Sequence[Predicted]", seconds: float) -> int:
    failed = [result for result in results if result.error is not None]
    done = len(results) - len(failed)
    print(f"{done} of {len(results)} volumes done in {format_duration(seconds)}, {len(failed)} failed")
    return 1 if failed else 0
