"""Every figure on scores in one run: the surface score, then scores of instances.

python benchmarks/metrics.py --repeats 3
"""

import argparse
import subprocess
import sys
from pathlib import Path

SCRIPTS = ("metrics_surface.py", "metrics_instances.py")


def main() -> None:
    """Run both scripts, each of which measures in processes of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for script in SCRIPTS:
        subprocess.run([sys.executable, Path(__file__).parent / script, f"--repeats={options.repeats}"], check=True)


if __name__ == "__main__":
    main()
