"""Every network beside MONAI's and dynamic-network-architectures' own: parameters, seconds, memory.

python benchmarks/networks.py --size 64 --nnunet-python /path/to/its/venv/bin/python
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import median

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import KEEP_MEMORY, Figures, run_peer  # noqa: E402 - beside this file, not installed

# family, name, options; rows of one group are the same network, or nearly.
GROUPS: list[list[tuple[str, str, dict[str, object]]]] = [
    [("ours", "unet", {})],
    [("ours", "light_unet", {})],
    [
        ("ours", "planned_unet", {"block": "plain", "deep_supervision": False}),
        ("dna", "PlainConvUNet", {}),
        ("ours", "dynunet", {"deep_supervision": False}),
    ],
    [
        ("ours", "planned_unet", {"deep_supervision": False}),
        ("dna", "ResidualEncoderUNet", {}),
        ("ours", "planned_unet", {"deep_supervision": False, "checkpointing": True}),
    ],
    [("ours", "residual_unet", {"features": 40}), ("ours", "residual_unet", {"features": 40, "checkpointing": True})],
    [("ours", "rsunet", {})],
    [
        ("ours", "mednext", {"size": "B", "deep_supervision": False}),
        ("monai", "MedNeXtB", {}),
        ("ours", "mednext", {"size": "B", "deep_supervision": False, "checkpointing": True}),
    ],
    [
        ("ours", "monai_unet", {}),
        (
            "monai",
            "UNet",
            {
                "spatial_dims": 3,
                "channels": [32, 64, 128, 256, 512],
                "strides": [2] * 4,
                "num_res_units": 2,
                "norm": "batch",
            },
        ),
    ],
    [
        ("ours", "segresnet", {"deep_supervision": False}),
        ("monai", "SegResNetDS", {"init_filters": 32, "blocks_down": [1, 2, 2, 4]}),
    ],
    [
        ("ours", "vista", {}),
        ("ours", "vista", {"backbone": "own"}),
        ("monai", "SegResNetDS", {"init_filters": 48, "blocks_down": [1, 2, 2, 4, 4], "norm": "instance"}),
    ],
    [("ours", "swin_unetr", {}), ("monai", "SwinUNETR", {}), ("ours", "swin_unetr", {"version": 2})],
    [("ours", "unetr", {}), ("monai", "UNETR", {})],
]
COLUMNS = ("forward_cpu_s", "step_cpu_s", "peak_mib", "forecast_mib")


def main() -> None:
    """Measure every network and print the medians."""
    options = parse_options()
    print("| network | M parameters | forward CPU s | forward + backward CPU s | peak MiB of the step | forecast MiB |")
    print("|---|---|---|---|---|---|")
    for group in GROUPS:
        for family, name, chosen in group:
            if (family == "dna" and not options.nnunet_python) or (options.only and name not in options.only):
                continue
            runs = [measure(family, name, chosen, options) for _ in range(options.repeats)]
            print_row(family, name, chosen, runs)


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="edge of the patch in voxels")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="these names alone")
    parser.add_argument("--nnunet-python", help="python of an environment with nnunetv2; left out when not given")
    return parser.parse_args()


def measure(family: str, name: str, chosen: dict[str, object], options: argparse.Namespace) -> Figures:
    """The figures of one run."""
    arguments = [family, name, f"--options={json.dumps(chosen)}", f"--size={options.size}"]
    python = {"python": options.nnunet_python} if family == "dna" else {}
    return run_peer(PEERS / "step.py", [*arguments, f"--threads={options.threads}"], environment=KEEP_MEMORY, **python)


def print_row(family: str, name: str, chosen: dict[str, object], runs: list[Figures]) -> None:
    """A line of the table; a peer's library stands before its name."""
    prefix = {"ours": "", "monai": "MONAI ", "dna": "DNA "}[family]
    said = ", ".join(f"{key}={value}" for key, value in chosen.items() if family == "ours")
    figures = {key: median(run[key] for run in runs) if key in runs[0] else None for key in COLUMNS}
    cells = [
        f"{prefix}`{name}`" + (f" ({said})" if said else ""),
        f"{runs[0]['parameters'] / 1e6:.1f}",
        f"{figures['forward_cpu_s']:.1f}",
        f"{figures['step_cpu_s']:.1f}",
        f"{figures['peak_mib']:.0f}",
        "–" if figures["forecast_mib"] is None else f"{figures['forecast_mib']:.0f}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
