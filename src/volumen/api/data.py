"""Verbs on volumes and data sets."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from volumen.api.progress import NamedProgress, Progress
from volumen.api.recipes import settle_recipe
from volumen.config import RunConfig

if TYPE_CHECKING:
    import numpy as np

    from volumen.data import Downloaded, RemoteData
    from volumen.training import Profile, ProfileOptions
    from volumen.volumes import Converted, ConvertOptions, Facts


def make_data(
    kind: Literal["scroll", "ink", "fibres", "neurons", "vesicles"],
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
    progress: NamedProgress | None = None,
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


def profile_training(
    recipe: str | Path | RunConfig,
    *,
    data: str | Path | None = None,
    overrides: Sequence[str] = (),
    options: "ProfileOptions | None" = None,
    progress: NamedProgress | None = None,
) -> "Profile":
    """Where the time of a training step goes: loading, augmentation, targets, network; and what holds it back.

    Args:
        recipe: a packaged name, a path, or a run that was read already.
        data: folder of cases; the recipe's data.root when not said.
        overrides: settings on top, as `a.b=c`.
        options: how much is measured, and where.
        progress: called with what is done, as batches, how much of it is, and how much there is in all.
    """
    from volumen.training import profile_training as profile

    return profile(settle_recipe(recipe, data, overrides), options=options, progress=progress)
