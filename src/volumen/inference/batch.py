"""A file or a folder of them through models into label files; a bad file is reported and the rest go on."""

import glob
import logging
import re
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from volumen.blocks import refuse_running
from volumen.decoding import CleanUp, Decoded
from volumen.errors import ConfigError, DataError, ExistsError, MemoryBudgetError, OutputError, VolumenError
from volumen.geometry import Box, Shape, TileGrid, to_shape
from volumen.inference.export import export_labels
from volumen.inference.knobs import Compute, PredictOptions, Tiling
from volumen.inference.model import Model
from volumen.inference.prediction_files import MARKS, Prediction
from volumen.inference.predictor import predict_volume
from volumen.inference.tiles import count_tiles
from volumen.volumes import (
    StackedVolume,
    Volume,
    is_stack,
    is_volume_folder,
    list_volumes,
    name_volume,
    open_volume,
)

ZARR, TIFF = ".zarr", (".tif", ".tiff")

Progress = Callable[[int, int], None]

# How nnU-Net's users name a file for each channel.
_CHANNEL = re.compile(r"_\d{4}$")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Predicted:
    """What became of one file.

    Args:
        source: the image.
        target: where its labels are, or its prediction when that was asked for.
        seconds: from opening the file to the last byte written.
        tiles: how many were forwarded for it.
        shape: voxels of the prediction.
        decoded: labels and what each clean-up step did; None when no labels were made.
        error: why there is no output.
        skipped: whether the output was there already.
    """

    source: Path
    target: Path
    seconds: float
    tiles: int = 0
    shape: Shape | None = None
    decoded: Decoded | None = None
    error: Exception | None = None
    skipped: bool = False


@dataclass(frozen=True)
class Batch:
    """Models and knobs: everything that is the same for all files."""

    models: Sequence[Model]
    tiling: Tiling
    compute: Compute
    clean_up: CleanUp
    options: PredictOptions


def plan_files(source: Path, output: Path, *, channels: int = 1, stacks: bool = False) -> list[tuple[Path, Path]]:
    """Each image and where its output goes: a file to a file or into a folder, a folder into a folder.

    Args:
        source: a volume or a folder of volumes.
        output: a file or a folder.
        channels: of an image; files NAME_0000, NAME_0001, … are those of one, and the first stands for it.
        stacks: whether a folder of slices is one volume, as it is to a model that looks at several of them.
    """
    if source.is_dir() and not is_volume_folder(source) and not (stacks and is_stack(source)):
        images = list_volumes(source)
        if not images:
            raise DataError(f"{source} holds no volumes")
        if output.suffix in (*TIFF, ZARR):
            raise ConfigError(f"a folder of volumes goes into a folder; {output} names a file")
        first = [image for image in images if channels == 1 or gather_channels(image)[0] == image]
        return [(image, output / f"{_name_image(image, channels)}.tif") for image in first]
    if output.suffix in (*TIFF, ZARR):
        return [(source, output)]
    return [(source, output / f"{_name_image(source, channels)}.tif")]


def gather_channels(image: Path) -> list[Path]:
    """The files NAME_0000, NAME_0001, … that one of them belongs to; a file of another name alone."""
    name = name_volume(image)
    if not _CHANNEL.search(name):
        return [image]
    stem, ending = _CHANNEL.sub("", name), image.name.removeprefix(name)
    return sorted(image.parent.glob(f"{glob.escape(stem)}_[0-9][0-9][0-9][0-9]{ending}")) or [image]


def _name_image(image: Path, channels: int) -> str:
    name = name_volume(image)
    return name if channels == 1 else _CHANNEL.sub("", name)


def predict_file(batch: Batch, source: Path, target: Path, *, progress: Progress | None = None) -> Predicted:
    """What became of one file; every error but the program's end is in the result, its traceback in the log."""
    started = time.monotonic()
    try:
        if _find_output(batch.options, target):
            return Predicted(source, target, time.monotonic() - started, skipped=True)
        prediction, decoded = _predict_labels(batch, source, target, progress)
    except Exception as error:  # noqa: BLE001 - the border of a case
        log.debug("%s failed:\n%s", source, traceback.format_exc())
        return Predicted(source, target, time.monotonic() - started, error=_translate(error, target))
    seconds = time.monotonic() - started
    return Predicted(source, target, seconds, tiles=_count_tiles(prediction), shape=prediction.shape, decoded=decoded)


def _count_tiles(prediction: Prediction) -> int:
    plan = prediction.attributes["plan"]
    grid = TileGrid.plan(to_shape(plan["shape"]), to_shape(plan["tile"]), to_shape(plan["overlap"]))
    return count_tiles(grid, prediction.roi)


def _find_output(options: PredictOptions, target: Path) -> bool:
    """Whether the labels are there already and may stay; what may not be replaced is an error."""
    if not target.exists():
        return False
    if options.resume:
        return target.suffix != ZARR  # a prediction that is begun is gone on with
    if options.overwrite:
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    elif target.suffix != ZARR:
        raise ExistsError(f"{target} is there already; ask for --resume or --overwrite, or name another output")
    return False


def _predict_labels(
    batch: Batch, source: Path, target: Path, progress: Progress | None
) -> tuple[Prediction, Decoded | None]:
    """The prediction, and the labels decoded from it when labels were asked for.

    Probabilities are streamed to a Zarr group first: beside the labels when they are to stay, else hidden until the
    labels are written. A run that was killed goes on with it.
    """
    if target.suffix == ZARR:
        if batch.clean_up != CleanUp():
            raise ConfigError(f"{target} keeps probabilities, which are not cleaned up; use `volumen decode` on it")
        with _removed_on_failure(target):
            return _predict_probabilities(batch, source, target, progress), None
    keep = batch.options.probabilities
    work = target.with_name(f"{'' if keep else '.'}{target.stem}{ZARR}")
    with _removed_on_failure(work):
        prediction = _predict_probabilities(batch, source, work, progress)
        steps = batch.clean_up.change(prediction.decoding)
        decoded = export_labels(prediction, target, steps, head=batch.options.head)
    if not keep:
        shutil.rmtree(work)
    return prediction, decoded


def _predict_probabilities(batch: Batch, source: Path, out: Path, progress: Progress | None) -> Prediction:
    options = batch.options
    return predict_volume(
        batch.models,
        _open_image(source, batch.models[0].channels),
        out,
        tiling=batch.tiling,
        compute=batch.compute,
        intensity=options.intensity,
        roi=Box.parse(options.roi) if options.roi else None,
        progress=progress,
    )


def _open_image(source: Path, channels: int) -> Volume:
    files = [source] if channels == 1 else gather_channels(source)
    return open_volume(source) if len(files) == 1 else StackedVolume([open_volume(file) for file in files])


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    """Leaves nothing at a path that an error made useless; a kill leaves what can be gone on with."""
    was_there = path.exists()
    try:
        yield
    except (VolumenError, OSError, MemoryError, RuntimeError):
        if not was_there and path.exists():
            with suppress(OutputError):  # another process may have begun it meanwhile
                refuse_running(path / MARKS)
                shutil.rmtree(path)
        raise


def _translate(error: Exception, target: Path) -> Exception:
    """Errors of the machine in the words of what to do about them."""
    import torch

    if isinstance(error, VolumenError):
        return error
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return MemoryBudgetError("memory ran out; lower --tile, --batch or --region, or give --memory a budget")
    if isinstance(error, OSError):
        return OutputError(f"{target} cannot be written: {error.strerror or error}; free space or name another folder")
    return error
