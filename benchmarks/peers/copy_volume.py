"""One way to copy a Zarr; the last line printed is its figures as JSON. Run by `benchmarks/volumes.py`."""

import argparse
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import measure

from volumen.geometry import Box

CHUNK = 64
BLOCK = (64, 512, 1024)  # what `convert` copies at a time, so that the loop below holds as much


def main() -> None:
    """Copy once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--spec", required=True)
    options = parser.parse_args()
    with TemporaryDirectory(dir=Path(options.spec).parent) as folder:
        _, figures = measure(lambda: WAYS[options.way](options.spec, f"{folder}/copy.zarr"))
    print(json.dumps(figures))


def convert(source: str, target: str) -> None:
    """`convert`: blocks, each marked when it is on disk."""
    from volumen.volumes import convert_volume

    convert_volume(source, target)


def convert_pyramid(source: str, target: str) -> None:
    """The same with two coarser levels."""
    from volumen.volumes import ConvertOptions, convert_volume

    convert_volume(source, target, options=ConvertOptions(levels=3))


def convert_by_two(source: str, target: str) -> None:
    """Two processes."""
    from volumen.volumes import ConvertOptions, convert_volume

    convert_volume(source, target, options=ConvertOptions(workers=2))


def copy_with_tensorstore(source: str, target: str) -> None:
    """One call of the library underneath, which marks nothing and cannot go on."""
    import tensorstore

    given = tensorstore.open({"driver": "zarr3", "kvstore": f"file://{source}/"}).result()
    metadata = json.loads((Path(source) / "zarr.json").read_text())
    kept = {key: metadata[key] for key in ("shape", "data_type", "chunk_grid", "codecs")}
    spec = {"driver": "zarr3", "kvstore": f"file://{target}/", "metadata": kept, "create": True}
    tensorstore.open(spec).result().write(given).result()


def copy_with_zarr_python(source: str, target: str) -> None:
    """A loop over the same blocks."""
    import zarr

    given = zarr.open_array(source, mode="r")
    made = zarr.create_array(target, shape=given.shape, chunks=given.chunks, dtype=given.dtype)
    ranges = (range(0, extent, edge) for extent, edge in zip(given.shape, BLOCK, strict=True))
    for start in product(*ranges):
        box = Box.at(start, BLOCK).clip(Box.whole(given.shape))
        made[box.slices] = given[box.slices]


WAYS: dict[str, Callable[[str, str], None]] = {
    "convert": convert,
    "pyramid": convert_pyramid,
    "two-workers": convert_by_two,
    "tensorstore": copy_with_tensorstore,
    "zarr-python": copy_with_zarr_python,
}

if __name__ == "__main__":
    main()
