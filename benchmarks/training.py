"""A training step beside a bare loop of torch and nnU-Net's own step: same network, loss, optimiser and batch.

python benchmarks/training.py --patch 64 --nnunet-python /path/to/its/venv/bin/python
"""

import argparse
import os
import sys
from pathlib import Path
from statistics import median

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import KEEP_MEMORY, Figures, run_peer  # noqa: E402 - beside this file, not installed

COLUMNS = ("wall_s", "cpu_s", "peak_mib", "gpu_mib")


def main() -> None:
    """Measure every engine in turn, as often as asked, and print the medians."""
    options = parse_options()
    common = ("features", "patch", "batch", "steps", "threads", "device")
    arguments = [f"--{name}={getattr(options, name)}" for name in common]
    engines = list_engines(options)
    runs: dict[str, list[Figures]] = {name: [] for name in engines}
    for _ in range(options.repeats):
        for name, (engine, how) in engines.items():
            print(f"… {name}", file=sys.stderr)
            runs[name].append(run_peer(PEERS / "train.py", [engine, *arguments], **how))
    print_table(runs, options)


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patch", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--features", type=int, default=8, help="channels of the first stage; nnU-Net plans 32")
    parser.add_argument("--steps", type=int, default=10, help="steps a run takes after two that do not count")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu", help="cpu in fp32, or cuda in fp16")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--nnunet-python", help="python of an environment with nnunetv2; left out when not given")
    return parser.parse_args()


def list_engines(options: argparse.Namespace) -> dict[str, tuple[str, dict[str, object]]]:
    """By row of the table the engine and how its process is run."""
    engines: dict[str, tuple[str, dict[str, object]]] = {
        "bare": ("bare", {}),
        "bare, memory kept": ("bare", {"environment": KEEP_MEMORY}),
        "volumen's parts in a bare loop, memory kept": ("house_bare", {"environment": KEEP_MEMORY}),
        "volumen, memory kept": ("house", {"environment": KEEP_MEMORY}),
    }
    if options.nnunet_python:
        engines["nnU-Net"] = ("nnunet", {"python": options.nnunet_python})
    return engines


def print_table(runs: dict[str, list[Figures]], options: argparse.Namespace) -> None:
    """Medians of a step as a Markdown table."""
    print(
        f"batch {options.batch} of {options.patch}³, {options.features} features, {options.device}, "
        f"{options.threads} threads, median of {options.repeats} runs of {options.steps} steps\n"
    )
    print("| engine | wall s | CPU s | of bare, memory kept (wall, CPU) | peak MiB | GPU MiB |")
    print("|---|---|---|---|---|---|")
    medians = {name: {key: median(run[key] for run in figures) for key in COLUMNS} for name, figures in runs.items()}
    bare = medians["bare, memory kept"]
    for name, row in medians.items():
        print(
            f"| {name} | {row['wall_s']:.3f} | {row['cpu_s']:.3f} | {row['wall_s'] / bare['wall_s']:.2f}, "
            f"{row['cpu_s'] / bare['cpu_s']:.2f} | {row['peak_mib']:.0f} | {row['gpu_mib']:.0f} |"
        )


if __name__ == "__main__":
    main()
