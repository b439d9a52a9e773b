"""Data sets of phantoms on disk, in the layouts that cases are found in."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import UInt

from volumen.data.phantoms.fibres import make_fibres
from volumen.data.phantoms.ink import make_ink
from volumen.data.phantoms.neurons import make_neurons
from volumen.data.phantoms.noise import parse_size
from volumen.data.phantoms.scroll import make_scroll
from volumen.data.phantoms.vesicles import make_vesicles
from volumen.errors import ConfigError, ExistsError, OutputError, UnknownNameError, suggest_nearest
from volumen.geometry import Shape, VoxelSize
from volumen.volumes import export_volume


def write_phantoms(
    kind: str,
    folder: str | Path,
    *,
    cases: int,
    size: int | Shape,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
    overwrite: bool = False,
) -> list[str]:
    """Names of the cases written into `folder`; it appears whole or not at all.

    `scroll` makes `train_images/NAME.tif` and `train_labels/NAME.tif`; `neurons` and `fibres` make `images/NAME.tif`
    and `labels/NAME_<target>.tif`; `ink` makes `images/NAME/LAYER.tif`, `labels/NAME_ink.tif` and `masks/NAME.tif`;
    `vesicles` makes `volN_im.h5`, `volN_vesicle_ins.h5` and `volN_mask.h5`. The first cases are the same however many
    there are. With `overwrite` what is called so is replaced and what else `folder` holds stays.

    Args:
        kind: one of these words.
        folder: where the data set goes.
        cases: how many.
        size: voxels along each axis; `ink` has 65 layers, whatever is asked for along z.
        seed: of everything random.
        progress: told after each case.
        overwrite: whether `folder` may hold something.
    """
    target = Path(folder)
    _check_request(kind, cases=cases, seed=seed)
    shape = parse_size(size)
    if not overwrite and target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExistsError(f"{target} is there already and not empty; choose another folder or overwrite it")
    names = [_name_case(kind, number) for number in range(cases)]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
            for number, name in enumerate(names):
                WRITERS[kind](Path(temporary), name, shape=shape, seed=derive_seed(seed, number))
                if progress is not None:
                    progress(number + 1, cases)
            _move_into(Path(temporary), target)
    except OSError as error:
        raise OutputError(f"cannot write phantoms to {target}: {error.strerror or error}") from error
    return names


def derive_seed(seed: int, number: int) -> int:
    """The seed of case `number` in the data set of `seed`; no two data sets share a case."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0])


def _check_request(kind: str, *, cases: int, seed: int) -> None:
    if kind not in WRITERS:
        raise UnknownNameError(f"no phantoms of kind {kind!r}; {suggest_nearest(kind, WRITERS)}")
    if cases < 1:
        raise ConfigError(f"at least 1 case is needed; got {cases}")
    if seed < 0:
        raise ConfigError(f"a seed is 0 or more; got {seed}")


def _name_case(kind: str, number: int) -> str:
    return f"vol{number + 1}" if kind == "vesicles" else f"{kind}_{number:03d}"


def _write_scroll(folder: Path, name: str, *, shape: Shape, seed: int) -> None:
    phantom = make_scroll(shape, seed)
    _write_tiff(folder / "train_images" / f"{name}.tif", phantom.image)
    _write_tiff(folder / "train_labels" / f"{name}.tif", phantom.labels)


def _write_neurons(folder: Path, name: str, *, shape: Shape, seed: int) -> None:
    phantom = make_neurons(shape, seed)
    _write_tiff(folder / "images" / f"{name}.tif", phantom.image, voxel_size=phantom.voxel_size)
    for target, labels in phantom.labels.items():
        _write_tiff(folder / "labels" / f"{name}_{target}.tif", labels, voxel_size=phantom.voxel_size)


def _write_fibres(folder: Path, name: str, *, shape: Shape, seed: int) -> None:
    phantom = make_fibres(shape, seed)
    _write_tiff(folder / "images" / f"{name}.tif", phantom.image)
    _write_tiff(folder / "labels" / f"{name}_fibres.tif", phantom.labels)


def _write_ink(folder: Path, name: str, *, shape: Shape, seed: int) -> None:
    phantom = make_ink(shape[1:], seed)
    for number, layer in enumerate(phantom.image):
        _write_tiff(folder / "images" / name / f"{number:02d}.tif", layer[None])
    _write_tiff(folder / "labels" / f"{name}_ink.tif", phantom.ink)
    _write_tiff(folder / "masks" / f"{name}.tif", phantom.mask)


def _write_vesicles(folder: Path, name: str, *, shape: Shape, seed: int) -> None:
    phantom = make_vesicles(shape, seed)
    for part, array in (("im", phantom.image), ("vesicle_ins", phantom.vesicles), ("mask", phantom.mask)):
        export_volume(array, folder / f"{name}_{part}.h5", voxel_size=phantom.voxel_size)


WRITERS = {
    "fibres": _write_fibres,
    "ink": _write_ink,
    "neurons": _write_neurons,
    "scroll": _write_scroll,
    "vesicles": _write_vesicles,
}


def _write_tiff(path: Path, array: UInt[np.ndarray, "z y x"], *, voxel_size: VoxelSize | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    export_volume(array, path, voxel_size=voxel_size)


def _move_into(made: Path, target: Path) -> None:
    """Put finished folders and files in their place, instead of those that were there."""
    target.mkdir(exist_ok=True)
    for part in sorted(made.iterdir()):
        if (target / part.name).is_dir():
            shutil.rmtree(target / part.name)
        part.replace(target / part.name)
