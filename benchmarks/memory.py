"""Peak memory of `predict_volume` for volumes of growing size: a process of its own for each.

python benchmarks/memory.py --sizes 256,512,1024
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from house import save_common_model  # noqa: E402 - beside this file, not installed
from measuring import Figures, run_peer  # noqa: E402
from plain_unet import load_network, save_weights  # noqa: E402

from volumen.geometry import Box  # noqa: E402
from volumen.volumes import create_volume  # noqa: E402

SLAB = 64


def main() -> None:
    """Measure every size and print a row for each."""
    options = parse_options()
    print(
        f"tiles {options.tile}³ sharing {options.overlap}, regions {options.region}², {options.features} features, "
        f"batch {options.batch or 'tuned'}, image {options.dtype}\n"
    )
    print("| volume | wall s | loaded MiB | after a forward MiB | peak MiB | above loaded | above a forward |")
    print("|---|---|---|---|---|---|---|")
    with TemporaryDirectory(dir=options.folder) as folder:
        weights = Path(folder) / "weights.pt"
        save_weights(weights, features=options.features)
        save_common_model(Path(folder) / "model", load_network(weights), tile=options.tile)
        for size in options.sizes:
            print_row(size, measure_size(size, Path(folder), options))


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=lambda text: [int(part) for part in text.split(",")], default=[256, 512])
    parser.add_argument("--tile", type=int, default=64)
    parser.add_argument("--overlap", type=int, default=16)
    parser.add_argument("--region", type=int, default=256, help="voxels along y and x that are held at a time")
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--batch", type=int, help="tiles in one forward; tuned when not said")
    parser.add_argument("--dtype", default="uint8", help="of the image")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", help="where volumes are written; the system's temporary folder when not said")
    return parser.parse_args()


def measure_size(size: int, folder: Path, options: argparse.Namespace) -> Figures:
    """Figures of one prediction."""
    image = folder / f"image_{size}.zarr"
    write_noise(image, size, options.dtype)
    names = ("tile", "overlap", "region", "threads")
    arguments = [f"--{name}={getattr(options, name)}" for name in names]
    arguments += [f"--batch={options.batch}"] if options.batch else []
    return run_peer(PEERS / "memory.py", [f"--model={folder / 'model'}", f"--image={image}", *arguments])


def write_noise(path: Path, size: int, dtype: str) -> None:
    """A volume of noise, written a slab at a time."""
    volume = create_volume(path, shape=(size,) * 3, dtype=dtype)
    rng = np.random.default_rng(0)
    for low in range(0, size, SLAB):
        box = Box((low, 0, 0), (min(low + SLAB, size), size, size))
        volume.write(box, rng.integers(0, 256, box.shape, np.uint8))


def print_row(size: int, figures: Figures) -> None:
    """One row of the table."""
    loaded, forward, peak = (figures[key] for key in ("loaded_mib", "forward_mib", "peak_mib"))
    print(
        f"| {size}³ | {figures['wall_s']:.0f} | {loaded:.0f} | {forward:.0f} | {peak:.0f} | "
        f"{peak - loaded:.0f} | {peak - forward:.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
