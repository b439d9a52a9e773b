"""Memory that one prediction takes; the last line printed is its figures as JSON. Run by `benchmarks/memory.py`."""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from measuring import measure, read_memory

from volumen.inference import Compute, Tiling, load_model, predict_volume
from volumen.volumes import open_volume


def main() -> None:
    """Load, forward once, predict; memory after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--image", type=Path, required=True)
    for name in ("tile", "overlap", "region", "threads"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--batch", type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = load_model(options.model, device="cpu")
    loaded = read_memory("VmRSS")
    with torch.inference_mode():
        model.network(torch.zeros((options.batch or 1, 1, *[options.tile] * 3)))
    forward = read_memory("VmHWM")
    tiling = Tiling((options.tile,) * 3, (options.overlap,) * 3, options.batch)
    compute = Compute("cpu", region=(options.region,) * 2, threads=options.threads)
    with TemporaryDirectory(dir=options.image.parent) as folder:
        out = Path(folder) / "out.zarr"
        _, figures = measure(
            lambda: predict_volume([model], open_volume(options.image), out, tiling=tiling, compute=compute)
        )
    print(json.dumps(figures | {"loaded_mib": loaded, "forward_mib": forward}))


if __name__ == "__main__":
    main()
