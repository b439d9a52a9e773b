"""How long each stage of making a sample takes, and what makes reading slow."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from volumen.config import DataSection
from volumen.data.cases import Case
from volumen.data.drawing import SamplePlan, augment_sample, pick_case, read_sample
from volumen.data.encoding import encode_targets
from volumen.data.frames import Source
from volumen.data.loader import build_reader, list_kept
from volumen.data.patches import PatchReader
from volumen.data.samples import Sample
from volumen.geometry import Box, Shape
from volumen.volumes import open_volume

# Voxels of the chunks that a patch touches for each of its own: 64³ chunks under a patch of 128³ come to about 3.4.
MANY = 8.0


@dataclass(frozen=True)
class StageSeconds:
    """Seconds that one sample took.

    Args:
        read: to choose a place and read image and labels there.
        augment: to change them.
        encode: to make targets of the labels, those that loaders make.
    """

    read: float
    augment: float
    encode: float


@dataclass(frozen=True)
class ReadingLoad:
    """What reading patches costs beyond copying them from memory.

    Args:
        volumes: bytes of all images and labels, decoded.
        kept: bytes that a loader's process keeps at most.
        unkept: volumes that are not kept, whose patches are read from their files each time.
        excess: voxels decoded for each voxel of a patch in the worst of those, by its chunks.
        worst: which one that is.
    """

    volumes: int
    kept: int
    unkept: int
    excess: float
    worst: str | None

    def advise(self) -> str | None:
        """What would make reading cheaper; None when nothing would."""
        if self.worst is not None and self.excess >= MANY:
            return (
                f"{self.worst} decodes {self.excess:.0f} voxels for each one of a patch; smaller chunks read less: "
                "volumen data convert IN OUT.zarr --chunks 64,64,64"
            )
        if self.unkept:
            return (
                f"the volumes are {_write_bytes(self.volumes)} and a process keeps {_write_bytes(self.kept)} of them: "
                "give data.cache_bytes more where there is memory"
            )
        return None


def time_sample(plan: SamplePlan, number: int, reader: PatchReader) -> tuple[Sample, StageSeconds]:
    """Sample `number` as a loader makes it, and the time of each stage."""
    case, rng = pick_case(plan, number)
    began = perf_counter()
    sample, _ = read_sample(plan, case, rng, reader)
    was_read = perf_counter()
    moved = augment_sample(sample, plan.transforms)
    was_moved = perf_counter()
    encoded = encode_targets(moved, plan.wanted, plan.label_patch, case.voxel_size)
    return encoded, StageSeconds(was_read - began, was_moved - was_read, perf_counter() - was_moved)


def time_samples(
    plan: SamplePlan, config: DataSection, numbers: Sequence[int]
) -> Iterator[tuple[Sample, StageSeconds]]:
    """Samples one after the other, read by one process as by a loader without workers."""
    reader = build_reader(plan.cases, config, workers=0)
    for number in numbers:
        yield time_sample(plan, number, reader)


def measure_reading(plan: SamplePlan, config: DataSection, *, workers: int) -> ReadingLoad:
    """What there is to read, by the heads of the files."""
    budget, kept = config.cache_bytes // max(workers, 1), list_kept(plan.cases, config.cache_rate)
    volumes, left, unkept, excess, worst = 0, budget, 0, 0.0, None
    for source in dict.fromkeys(_list_sources(plan.cases, plan.wanted.labels)):
        volume = open_volume(source.spec)
        nbytes = (source.box or Box.whole(volume.shape)).size * (volume.channels or 1) * volume.dtype.itemsize
        volumes += nbytes
        if source.spec in kept and nbytes <= left:
            left -= nbytes
            continue
        unkept += 1
        touched = measure_excess(plan.patch, volume.chunks, volume.shape)
        if touched > excess:
            excess, worst = touched, source.spec
    return ReadingLoad(volumes, budget, unkept, excess, worst)


def measure_excess(patch: Shape, chunks: Shape, shape: Shape) -> float:
    """Voxels of the chunks that a patch somewhere in a volume touches, on average, over its own."""
    touched = 1.0
    for edge, chunk, extent in zip(patch, chunks, shape, strict=True):
        mean = min((edge - 1) / chunk + 1, math.ceil(extent / chunk)) * chunk
        touched *= min(mean, extent) / min(edge, extent)
    return touched


def _list_sources(cases: Sequence[Case], labels: Sequence[str]) -> Iterator[Source]:
    for case in cases:
        yield from case.locate_images()
        yield from (case.locate_labels(name) for name in labels if name in case.labels)


def _write_bytes(nbytes: int) -> str:
    return f"{nbytes / 2**30:.1f} GiB"
