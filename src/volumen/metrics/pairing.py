"""Which segmentation belongs to which truth: two volumes, or the files of two folders by their names."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from volumen.errors import DataError, MissingError
from volumen.volumes import is_volume_folder, list_volumes, name_volume

logger = logging.getLogger(__name__)

# Copies for the eye that `volumen predict` writes beside its labels.
VISUALIZATION = "_visualization"

Given = str | Path | np.ndarray
Pair = tuple[Given, Given]


@dataclass(frozen=True)
class Pairs:
    """Segmentation and truth of every case by name, and the cases that one of the two folders lacks."""

    cases: Mapping[str, Pair]
    missing: tuple[str, ...] = ()


def pair_cases(segmentation: Given, truth: Given, *, allow_missing: bool = False) -> Pairs:
    """What belongs together; a case that either folder lacks is an error that names it, or is left out and said."""
    folders = [_is_folder(source) for source in (segmentation, truth)]
    if all(folders):
        return _match_files(Path(str(segmentation)), Path(str(truth)), allow_missing=allow_missing)
    if any(folders):
        raise DataError(f"{segmentation} and {truth} must be two volumes or two folders of volumes")
    return Pairs(
        {"array" if isinstance(segmentation, np.ndarray) else name_volume(segmentation): (segmentation, truth)}
    )


def _match_files(segmentations: Path, truths: Path, *, allow_missing: bool) -> Pairs:
    found = {name_volume(path): path for path in list_volumes(segmentations)}
    ours = {name: path for name, path in found.items() if not name.endswith(VISUALIZATION)}
    theirs = {name_volume(path): path for path in list_volumes(truths)}
    lacking = sorted(
        [f"{name} has no truth" for name in ours.keys() - theirs.keys()]
        + [f"{name} has no segmentation" for name in theirs.keys() - ours.keys()]
    )
    both = sorted(ours.keys() & theirs.keys())
    if lacking and not allow_missing:
        raise DataError(
            f"{segmentations} and {truths} do not match: {', '.join(lacking)}; add them, or ask for --allow-missing"
        )
    if not both:
        raise MissingError(f"{segmentations} and {truths} hold no volumes of one name")
    if lacking:
        logger.warning("scored are %d cases; left out: %s", len(both), ", ".join(lacking))
    return Pairs({name: (ours[name], theirs[name]) for name in both}, tuple(lacking))


def _is_folder(source: Given) -> bool:
    """Whether a source is a folder of volumes; a Zarr is a volume, and so are other formats of folders."""
    if isinstance(source, np.ndarray):
        return False
    return Path(source).is_dir() and not is_volume_folder(Path(source))
