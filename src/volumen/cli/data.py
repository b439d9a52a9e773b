"""`volumen data`: make synthetic data sets, look at volumes, convert them, measure what loads them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from volumen import api
from volumen.cli.facts import count_bytes, join_numbers, print_facts
from volumen.cli.flags import expose_knobs
from volumen.cli.progress import show_named_progress, show_progress
from volumen.training import ProfileOptions
from volumen.viewing import format_duration
from volumen.volumes import Converted, ConvertOptions

if TYPE_CHECKING:
    from volumen.training import Profile


def make(
    kind: Literal["scroll", "ink", "fibres", "neurons", "vesicles"],
    folder: Path,
    /,
    *,
    cases: int = 5,
    size: int = 96,
    seed: int = 0,
) -> None:
    """Make a synthetic data set with exact labels.

    Args:
        kind: Scroll CT: scroll (surfaces), ink (65 layers along a sheet, and its writing), fibres. Electron microscopy:
            neurons (with mitochondria and vesicles), vesicles (large ones, as HDF5).
        folder: Where images and labels go.
        cases: How many volumes.
        size: Voxels along each axis; of ink along y and x.
        seed: The same seed gives the same bytes.
    """
    with show_progress("cases") as progress:
        names = api.make_data(kind, folder, cases=cases, size=size, seed=seed, progress=progress)
    print(f"{len(names)} {kind} cases of {f'65 layers of {size}²' if kind == 'ink' else f'{size}³'} in {folder}")


def inspect(spec: str, /, *, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Show what a volume is: shape, type, chunks, voxel size, levels, missing chunks, and what its voxels hold.

    Args:
        spec: A path or URL, as x.tif, x.h5:volumes/raw, x.zarr@2, s3://bucket/x.zarr?anonymous.
        as_json: Print one JSON object and nothing else.
    """
    facts = api.inspect_volume(spec)
    if as_json:
        print(json.dumps(facts.to_dict()))
    else:
        print_facts(facts)


@expose_knobs
def convert(source: str, target: str, /, *, options: ConvertOptions = ConvertOptions()) -> None:
    """Copy a volume into another format, type, part or pyramid, block by block: it is never held.

    A Zarr that was interrupted is gone on with by --resume; the copy is there when it is whole, and not before.

    Args:
        source: A path or URL, as x.tif, x.h5:volumes/raw, x.zarr@2, s3://bucket/x.zarr?anonymous.
        target: x.zarr, x.zarr/name, x.ome.zarr, x.tif, x.h5:dataset, x.nii.gz or x.npy.
    """
    with show_progress("blocks") as progress:
        converted = api.convert(source, target, options=options, progress=progress)
    _print_converted(source, converted)


@expose_knobs
def profile(
    recipe: str,
    /,
    *overrides: str,
    data: Path | None = None,
    options: ProfileOptions = ProfileOptions(),
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Measure where the time of training goes, and say what holds it back; nothing is written.

    Args:
        recipe: A packaged name or a path.
        overrides: Settings on top, as a.b=c.
        data: Folder of cases; the recipe's data.root when not given.
        as_json: Print one JSON object and nothing else.
    """
    with show_named_progress() as progress:
        measured = api.profile_training(recipe, data=data, overrides=overrides, options=options, progress=progress)
    if as_json:
        print(json.dumps(measured.to_dict()))
    else:
        _print_profile(measured)


def _print_profile(measured: "Profile") -> None:
    print(f"seconds a batch of {measured.batch_size}, each stage alone; half of the batches lie between low and high")
    print(f"{'':<30}{'median':>10}{'low':>10}{'high':>10}")
    for name, spread in {
        "reading": measured.reading,
        "augmentation": measured.augmentation,
        "targets, by who loads": measured.encoding,
        f"targets, on {measured.device}": measured.targets,
        f"network, on {measured.device}": measured.network,
    }.items():
        print(f"{name:<30}{spread.median:>10.4f}{spread.low:>10.4f}{spread.high:>10.4f}")
    for loop in measured.loops:
        print(f"training with {loop.workers} workers on {measured.cores} cores: {loop.batches_a_second:.2f} batches/s")
        for name, spread in {"  waiting": loop.wait, "  step": loop.step}.items():
            print(f"{name:<30}{spread.median:>10.4f}{spread.low:>10.4f}{spread.high:>10.4f}")
    print(measured.verdict)


def _print_converted(source: str, converted: Converted) -> None:
    layout = converted.layout
    levels = f", {converted.levels} levels" if converted.levels > 1 else ""
    shape = join_numbers(layout.array_shape)
    print(f"{source} → {converted.target}: {shape} {layout.dtype}{levels}, {count_bytes(layout.nbytes)}")
    if converted.skipped:
        print(f"  {converted.skipped} of {converted.done + converted.skipped} blocks were there already")
    if converted.done:
        print(f"  {format_duration(converted.seconds)}, {converted.megabytes_a_second:.0f} MB/s")
