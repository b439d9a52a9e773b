"""Verbs on scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from volumen.api.claims import refuse_existing
from volumen.api.progress import Progress
from volumen.config import Component

if TYPE_CHECKING:
    import numpy as np

    from volumen.metrics import Evaluation, Scoring


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
        refuse_existing(target, overwrite=overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        errors = map_errors(predicted, true, ignore=choose_ignored(scoring, true))
        size = true.voxel_size or predicted.voxel_size
        volume = create_volume(target, shape=true.shape, dtype="uint8", voxel_size=size)
        counts[name] = {kind.name.lower(): voxels for kind, voxels in write_errors(errors, volume).items()}
        write_error_picture(target.with_suffix(".png"), errors, true, voxel_size=size)
        if progress:
            progress(len(counts), len(pairs.cases))
    return counts
