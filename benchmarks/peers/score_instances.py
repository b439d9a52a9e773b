"""One engine scores two label volumes; prints its figures as JSON. Volumes are made as they are read.

python benchmarks/peers/score_instances.py volumen --size 512
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from measuring import measure

from volumen.geometry import Box

WOBBLE = 8
SPREAD = 0xD1B54A32D192ED03  # an odd number without pattern: ids over all 64 bits, each another


@dataclass(frozen=True)
class Cells:
    """Labels from 1: cells in a lattice whose walls wobble, shifted, with a share of voxels wrong; never held whole."""

    size: int
    edge: int
    shift: int = 0
    noise: float = 0.0
    spread: int = 1
    dtype: type = np.uint32

    @property
    def shape(self) -> tuple[int, int, int]:
        """A cube."""
        return (self.size,) * 3

    def read(self, box: Box | None = None) -> np.ndarray:
        """The labels of a box."""
        box = box or Box.whole(self.shape)
        z, y, x = (np.arange(low, high) + self.shift for low, high in zip(box.start, box.stop, strict=True))
        wobble = (np.sin(z / 11)[:, None] * np.cos(y / 7) * WOBBLE).astype(np.int32)
        across = (self.size + self.shift + WOBBLE) // self.edge + 2
        rows = (z // self.edge)[:, None] * across + y // self.edge
        labels = rows[..., None] * across + (x + wobble[..., None] + WOBBLE) // self.edge + 1
        if self.noise:
            rng = np.random.default_rng(box.start)
            wrong = rng.random(box.shape, np.float32) < self.noise
            labels[wrong] = rng.integers(1, across**3, int(wrong.sum()))
        return labels.astype(self.dtype) * self.dtype(self.spread)


def main() -> None:
    """Run the engine that was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["volumen", "scikit-image", "blocks"])
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--edge", type=int, required=True, help="of a cell, in voxels")
    parser.add_argument("--noise", type=float, default=0.0)
    options = parser.parse_args()
    scores, figures = measure_blocks(options) if options.engine == "blocks" else measure_arrays(options)
    print(json.dumps(figures | {"scores": scores}))


def measure_arrays(options: argparse.Namespace) -> tuple[Any, Any]:
    """Adapted Rand error and VOI of two arrays in memory: the table made once, or as often as the engine makes it."""
    cells = Cells(options.size, options.edge), Cells(options.size, options.edge, shift=5, noise=options.noise)
    truth, prediction = (np.concatenate([one.read(part) for part in slabs(one)]) for one in cells)
    work = score_with_volumen if options.engine == "volumen" else score_with_scikit_image
    work(prediction[:8, :8, :8], truth[:8, :8, :8])  # imports, and loads what is compiled
    scores, figures = measure(lambda: work(prediction, truth))
    return scores, figures | {"labels": len(np.unique(truth[:: options.edge // 2]))}


def slabs(cells: Cells) -> list[Box]:
    """Boxes of sixteen sections."""
    whole = Box.whole(cells.shape)
    return [Box((z, 0, 0), (z + 16, *cells.shape[1:])).clip(whole) for z in range(0, cells.size, 16)]


def score_with_volumen(prediction: np.ndarray, truth: np.ndarray) -> list[float]:
    """Error, split, merge."""
    from volumen.metrics import build_table, score_rand, score_voi

    table = build_table(prediction, truth)
    voi = score_voi(prediction, truth, table=table)
    return [score_rand(prediction, truth, table=table).rand, voi.voi_split, voi.voi_merge]


def score_with_scikit_image(prediction: np.ndarray, truth: np.ndarray) -> list[float]:
    """Error, split, merge."""
    from skimage.metrics import adapted_rand_error, variation_of_information

    error, *_ = adapted_rand_error(truth, prediction)
    return [float(error), *variation_of_information(truth, prediction).tolist()]


def measure_blocks(options: argparse.Namespace) -> tuple[Any, Any]:
    """The table of two volumes that are made box by box, which takes its time too, with ids over all 64 bits."""
    from volumen.metrics import build_table

    wide = {"spread": SPREAD, "dtype": np.uint64}
    truth = Cells(options.size, options.edge, **wide)
    prediction = Cells(options.size, options.edge, shift=5, noise=options.noise, **wide)
    build_table(Cells(8, 4, **wide), Cells(8, 4, **wide))
    table, figures = measure(lambda: build_table(prediction, truth))
    return int(table.voxels.sum()), figures | {"pairs": len(table.voxels), "labels": len(np.unique(table.true))}


if __name__ == "__main__":
    main()
