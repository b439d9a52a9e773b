"""What a caller may set about a prediction; command-line flags, their help and defaults derive from here."""

import re
from dataclasses import dataclass
from typing import Literal

from volumen.errors import ConfigError
from volumen.geometry import Shape

Precision = Literal["fp32", "bf16", "fp16"]
Layout = Literal["contiguous", "channels_last"]
Stored = Literal["float32", "float16", "uint8"]

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Tiling:
    """How a volume is cut; None takes what the model was made for.

    Args:
        tile: voxels of a tile along z, y and x.
        overlap: what neighbouring tiles share at least: a share of the tile below 1, or voxels.
        batch: tiles in one forward; None measures whether one or two are faster.
    """

    tile: Shape | None = None
    overlap: float | Shape | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Compute:
    """What a prediction is computed with, and how its numbers are kept; None is measured or found, once, and kept.

    Args:
        device: auto leaves a model where it was loaded; or cpu, cuda, cuda:1.
        memory: what all processes together may hold, as 800M or 4G; regions become as large as fits.
        region: voxels along y and x that are computed in one go, over the whole depth.
        threads: threads of one forward on the CPU; with several workers their share of the cores.
        precision: bf16 and fp16 are faster and change probabilities in the third digit; None is fp16 on a GPU and fp32
            on the CPU.
        layout: order of a network's numbers in memory.
        stored: type of the numbers on disk; uint8 keeps probabilities in steps of 1/255.
        workers: processes that predict regions of a volume side by side, each with a model of its own.
        dask: address or scheduler file of a Dask cluster that does, or a number of workers for one on this machine.
    """

    device: str = "auto"
    memory: str | None = None
    region: tuple[int, int] | None = None
    threads: int | None = None
    precision: Precision | None = None
    layout: Layout | None = None
    stored: Stored = "float32"
    workers: int = 1
    dask: str | None = None


@dataclass(frozen=True)
class PredictOptions:
    """What is predicted and what is kept.

    Args:
        roi: only this part, as z0:z1,y0:y1,x0:x1 in voxels; the numbers are those of a full run.
        intensity: darkest and brightest grey value to tell apart, LOW,HIGH; else measured over each whole volume.
        head: which head is decoded; the first when not said.
        probabilities: keep NAME.zarr with the probabilities beside the labels.
        resume: leave out files whose labels are there already.
        overwrite: replace output that is there.
    """

    roi: str | None = None
    intensity: tuple[float, float] | None = None
    head: str | None = None
    probabilities: bool = False
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise ConfigError("resume keeps what is there and overwrite replaces it; ask for one of them")


def parse_memory(text: str) -> int:
    """Bytes in `800M`, `4G` or `4.5 GB`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if not match:
        raise ConfigError(f"memory is a number with K, M, G or T, as 800M or 4G; got {text!r}")
    return int(float(match[1]) * _UNITS[match[2].upper()])
