"""Tiled prediction beside its bare forward, MONAI and nnU-Net: same weights and grid, a process of its own each run.

python benchmarks/inference.py --size 128 --nnunet-python /path/to/its/venv/bin/python
"""

import argparse
import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import KEEP_MEMORY, Figures, run_peer  # noqa: E402 - beside this file, not installed
from plain_unet import save_weights  # noqa: E402

from volumen.volumes import export_volume  # noqa: E402


def main() -> None:
    """Measure every engine in turn, as often as asked, and print the medians."""
    options = parse_options()
    with TemporaryDirectory() as folder:
        weights, image = Path(folder) / "weights.pt", Path(folder) / "image.npy"
        save_weights(weights, features=options.features)
        noise = np.random.default_rng(0).standard_normal((options.size,) * 3, np.float32)
        np.save(image, noise)
        export_volume(noise, image.with_suffix(".zarr"))
        del noise
        arguments = [f"--weights={weights}", f"--image={image}", f"--tile={options.tile}"]
        arguments += [f"--overlap={options.overlap}", f"--threads={options.threads}"]
        arguments += [f"--device={options.device}", f"--precision={options.precision}"]
        arguments += [f"--region={options.region}"] if options.region else []
        runs = measure_engines(list_engines(options), arguments, repeats=options.repeats)
    print_table(runs, options)


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="edge of the volume in voxels")
    parser.add_argument("--tile", type=int, default=64)
    parser.add_argument("--overlap", type=int, default=32, help="voxels that neighbouring tiles share")
    parser.add_argument("--batch", type=int, default=2, help="tiles a call where an engine takes several")
    parser.add_argument("--features", type=int, default=8, help="channels of the first stage; nnU-Net plans 32")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--region", type=int, help="voxels along y and x that Zarr to Zarr holds at a time")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="one row an engine: for volumes that take long")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", help="fp32, fp16 (GPU) or bf16; slow on a CPU that lacks it")
    parser.add_argument("--nnunet-python", help="python of an environment with nnunetv2; left out when not given")
    return parser.parse_args()


def list_engines(options: argparse.Namespace) -> dict[str, dict[str, object]]:
    """By row of the table what `run_peer` needs beside the common arguments: engine, batch, environment, python."""
    batch = options.batch
    engines: dict[str, dict[str, object]] = {
        "bare, 1 tile": {"engine": "bare", "batch": 1},
        "bare, 1 tile, memory kept": {"engine": "bare", "batch": 1, "environment": KEEP_MEMORY},
        f"bare, {batch} tiles, memory kept": {"engine": "bare", "batch": batch, "environment": KEEP_MEMORY},
        "volumen, 1 tile": {"engine": "array", "batch": 1, "environment": KEEP_MEMORY},
        f"volumen, {batch} tiles": {"engine": "array", "batch": batch, "environment": KEEP_MEMORY},
        "volumen, Zarr to Zarr, tuned": {"engine": "volume", "batch": 1},
        "MONAI, 1 tile": {"engine": "monai", "batch": 1},
        f"MONAI, {batch} tiles": {"engine": "monai", "batch": batch},
    }
    if options.device == "cuda":
        house = {"batch": batch, "layout": "channels_last"}
        engines[f"bare, our network, {batch} tiles"] = {"engine": "house_bare", **house}
        engines[f"volumen, our network, {batch} tiles"] = {"engine": "house_array", **house}
    if options.nnunet_python:
        engines["nnU-Net"] = {"engine": "nnunet", "batch": 1, "python": options.nnunet_python}
    return {name: engine for name, engine in engines.items() if name in SHORT or "our" in name or not options.short}


def measure_engines(
    engines: dict[str, dict[str, object]], arguments: list[str], *, repeats: int
) -> dict[str, list[Figures]]:
    """Figures of every run; engines take turns so that a busy minute hits all of them."""
    runs: dict[str, list[Figures]] = {name: [] for name in engines}
    for _ in range(repeats):
        for name, engine in engines.items():
            print(f"… {name}", file=sys.stderr)
            own = [str(engine["engine"]), f"--batch={engine['batch']}", *arguments]
            own += [f"--layout={engine['layout']}"] if "layout" in engine else []
            kept = {key: engine[key] for key in ("python", "environment") if key in engine}
            runs[name].append(run_peer(PEERS / "infer.py", own, **kept))
    return runs


def print_table(runs: dict[str, list[Figures]], options: argparse.Namespace) -> None:
    """Medians as a Markdown table; Δ is to `volumen, 1 tile`, of logits."""
    print(
        f"{options.size}³, tiles {options.tile}³ sharing {options.overlap}, {options.features} features, "
        f"{options.threads} threads, {options.device}, {options.precision}, median of {options.repeats}\n"
    )
    print("| engine | wall s | CPU s | of bare, 1 tile (wall, CPU) | peak MiB (before) | GPU MiB | largest Δ |")
    print("|---|---|---|---|---|---|---|")
    medians = {name: {key: median(run[key] for run in figures) for key in COLUMNS} for name, figures in runs.items()}
    bare = medians["bare, 1 tile"]
    truth = np.array(runs["volumen, 1 tile"][0]["sample"])
    for name, row in medians.items():
        apart = "–" if name.startswith("bare") else f"{np.abs(np.array(runs[name][0]['sample']) - truth).max():.1e}"
        print(
            f"| {name} | {row['wall_s']:.2f} | {row['cpu_s']:.2f} | {row['wall_s'] / bare['wall_s']:.2f}, "
            f"{row['cpu_s'] / bare['cpu_s']:.2f} | {row['peak_mib']:.0f} ({row['before_mib']:.0f}) | "
            f"{row['gpu_mib']:.0f} | {apart} |"
        )


SHORT = {"bare, 1 tile", "volumen, 1 tile", "volumen, Zarr to Zarr, tuned", "MONAI, 1 tile", "nnU-Net"}
COLUMNS = ("wall_s", "cpu_s", "before_mib", "peak_mib", "gpu_mib")

if __name__ == "__main__":
    main()
