"""`volumen data`: make synthetic data sets."""

from pathlib import Path
from typing import Literal

from volumen import api
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
