"""Scores of instances beside scikit-image's, and the table of a volume that is never held, each in its own process.

python benchmarks/metrics_instances.py --size 512 --whole 1000
"""

import argparse
import sys
from pathlib import Path
from statistics import median

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import Figures, run_peer  # noqa: E402 - beside this file, not installed

SCRIPT = PEERS / "score_instances.py"
ENGINES = ("volumen", "scikit-image")


def main() -> None:
    """Measure both engines in turn, then the large volume, and print tables."""
    options = parse_options()
    runs: dict[str, list[Figures]] = {engine: [] for engine in ENGINES}
    for _ in range(options.repeats if options.size else 0):
        for engine in ENGINES:
            print(f"… {engine}", file=sys.stderr)
            runs[engine].append(run_engine(engine, options.size, options))
    if options.size:
        print_scores(runs, options)
    if options.whole:
        print("… blocks", file=sys.stderr)
        print_blocks(run_engine("blocks", options.whole, options), options)


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512, help="edge of the volume that both score; 0 leaves it out")
    parser.add_argument("--whole", type=int, default=1000, help="edge of the volume that is never held; 0 likewise")
    parser.add_argument("--labels", type=int, default=2500, help="true objects, about")
    parser.add_argument("--noise", type=float, default=0.0, help="share of predicted voxels with a label of their own")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def run_engine(engine: str, size: int, options: argparse.Namespace) -> Figures:
    """Figures of one run."""
    edge = max(2, round(size / options.labels ** (1 / 3)))
    return run_peer(SCRIPT, [engine, f"--size={size}", f"--edge={edge}", f"--noise={options.noise}"])


def print_scores(runs: dict[str, list[Figures]], options: argparse.Namespace) -> None:
    """Medians as a Markdown table; the largest difference of the three scores below it."""
    labels = runs["volumen"][0]["labels"]
    print(f"Adapted Rand error and VOI of {options.size}³, uint32, {labels} labels, noise {options.noise:g}\n")
    print("| engine | wall s | CPU s | of scikit-image's CPU | peak MiB | above the input | of scikit-image's |")
    print("|---|---|---|---|---|---|---|")
    keys = ("wall_s", "cpu_s", "before_mib", "peak_mib")
    rows = {name: {key: median(run[key] for run in figures) for key in keys} for name, figures in runs.items()}
    peer = rows["scikit-image"]
    for name, row in rows.items():
        added = row["peak_mib"] - row["before_mib"]
        print(
            f"| {name} | {row['wall_s']:.2f} | {row['cpu_s']:.2f} | {row['cpu_s'] / peer['cpu_s']:.3f} | "
            f"{row['peak_mib']:.0f} | {added:.0f} | {added / (peer['peak_mib'] - peer['before_mib']):.3f} |"
        )
    scores = zip(*(runs[engine][0]["scores"] for engine in ENGINES), strict=True)
    print(f"\nLargest difference of a score: {max(abs(one - other) for one, other in scores):.1e}\n")


def print_blocks(figures: Figures, options: argparse.Namespace) -> None:
    """One row: a volume made box by box."""
    print(
        f"The table of {options.whole}³ made box by box, uint64 ids up to 2⁶⁴, {figures['labels']} labels, "
        f"noise {options.noise:g}; times with the making\n"
    )
    print("| voxels | pairs | wall s | CPU s | peak MiB (before) |")
    print("|---|---|---|---|---|")
    print(
        f"| {figures['scores']:.2e} | {figures['pairs']} | {figures['wall_s']:.1f} | {figures['cpu_s']:.1f} | "
        f"{figures['peak_mib']:.0f} ({figures['before_mib']:.0f}) |"
    )


if __name__ == "__main__":
    main()
