"""`volumen data`: make synthetic data sets, look at volumes."""

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from volumen import api
from volumen.cli.facts import print_facts
from volumen.cli.progress import show_progress


def make(kind: Literal["scroll", "neurons"], folder: Path, /, *, cases: int = 5, size: int = 96, seed: int = 0) -> None:
    """Make a synthetic data set with exact labels.

    Args:
        kind: Scroll CT with surfaces, or electron microscopy with neurons, mitochondria and vesicles.
        folder: Where images and labels go.
        cases: How many volumes.
        size: Voxels along each axis.
        seed: The same seed gives the same bytes.
    """
    with show_progress("cases") as progress:
        names = api.make_data(kind, folder, cases=cases, size=size, seed=seed, progress=progress)
    print(f"{len(names)} {kind} cases of {size}³ in {folder}")


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
