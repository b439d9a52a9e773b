"""The surface score: time and memory of a pair of sheets, of sheets with holes on both sides, and of noise.

python benchmarks/metrics_surface.py --workers 2
"""

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import Figures, run_peer  # noqa: E402 - beside this file, not installed

SCRIPT = PEERS / "score_surface.py"
# Noise is hardest for dimension 1 where the union is dense and either mask porous.
CASES = {
    "sheets 40 voxels apart": ["sheets"],
    "the same, holes on both sides": ["holes"],
    "noise, half of the voxels": ["noise", "--density=0.5"],
    "noise, worst (six in ten)": ["noise", "--density=0.6"],
}


def main() -> None:
    """Measure every case as often as asked, each time in a process of its own, and print tables."""
    options = parse_options()
    sizes = [options.size, options.size, options.noise_size, options.noise_size]
    rows = {}
    for (name, arguments), size in zip(CASES.items(), sizes, strict=True):
        print(f"… {name}", file=sys.stderr)
        own = [*arguments, f"--size={size}", f"--workers={options.workers}"]
        rows[f"{name}, {size}³"] = [run_peer(SCRIPT, own) for _ in range(options.repeats)]
    print_cases(rows, options)
    print_first_use()


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=320, help="edge of the volumes with sheets")
    parser.add_argument("--noise-size", type=int, default=128, help="edge of the volumes of noise")
    parser.add_argument("--workers", type=int, default=2, help="threads")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def print_cases(rows: dict[str, list[Figures]], options: argparse.Namespace) -> None:
    """Medians as a Markdown table, with what was scored."""
    print(f"`score_surface`, {options.workers} threads, median of {options.repeats}\n")
    print("| pair | foreground of both | wall s | CPU s | peak MiB (before) | matched, predicted, true by dimension |")
    print("|---|---|---|---|---|---|")
    for name, runs in rows.items():
        wall, cpu, peak, before = (median(run[key] for run in runs) for key in COLUMNS)
        shares = ", ".join(f"{share:.1%}" for share in runs[0]["shares"])
        counts = " · ".join(str(tuple(counts)) for counts in runs[0]["counts"])
        print(f"| {name} | {shares} | {wall:.2f} | {cpu:.2f} | {peak:.0f} ({before:.0f}) | {counts} |")


def print_first_use() -> None:
    """What the first call costs in a new installation, and in a new process."""
    with TemporaryDirectory() as folder:
        first, second = (
            run_peer(SCRIPT, ["first", "--size=16"], environment={"NUMBA_CACHE_DIR": folder}) for _ in range(2)
        )
    print("\n| first call | wall s | CPU s |\n|---|---|---|")
    print(f"| of an installation: compiles | {first['wall_s']:.1f} | {first['cpu_s']:.1f} |")
    print(f"| of a process: reads what is compiled | {second['wall_s']:.1f} | {second['cpu_s']:.1f} |")


COLUMNS = ("wall_s", "cpu_s", "peak_mib", "before_mib")

if __name__ == "__main__":
    main()
