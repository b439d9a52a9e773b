"""What a data set is made of: shapes, spacing, intensities, labels; each file read once, a piece at a time."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from volumen.data.cases import Case
from volumen.data.images import count_channels, find_shape, open_measured, open_source
from volumen.data.labels import find_looked
from volumen.data.patches import PatchReader
from volumen.data.tally import Tally
from volumen.data.values import IGNORE, LabelValues, convert_labels, find_refused
from volumen.errors import VolumenError
from volumen.geometry import Box, Shape, VoxelSize
from volumen.volumes import Intensity, choose_pieces, measure_intensity, open_volume

Progress = Callable[[int, int], None]
Told = Callable[[float], None]

# Values of a label that are listed one by one; a label with more is one of objects.
MOST_VALUES = 16
# The largest value that is taken for a class where the data set names none.
MOST_CLASSES = 8
# Values that are refused and named.
_SHOWN = 5


@dataclass(frozen=True)
class ImageFacts:
    """What intensities a case has, all channels together.

    Args:
        percentiles: intensities below which 0.5, 50 and 99.5 % of the voxels lie.
        zero_share: share of the voxels that are 0.
        digest: of the whole histogram, the same for copies of a volume.
    """

    low: float
    high: float
    mean: float
    std: float
    percentiles: tuple[float, float, float]
    zero_share: float
    digest: str

    @property
    def is_constant(self) -> bool:
        """Whether all voxels are the same."""
        return self.low == self.high


@dataclass(frozen=True)
class LabelFacts:
    """What a label of a case holds, in the run's own values.

    Args:
        dtype: of the file.
        voxels: that were looked at; files of more than 4,096 chunks are sampled.
        labelled: share of them that somebody labelled.
        foreground: share of the labelled ones above 0.
        objects: different values above 0.
        largest: the largest value, of those that are taken.
        values: voxels of each value where there are few, those that nobody looked at under −100.
        parted: whether objects are the connected parts of a class, which are not counted.
        sampled: whether only a part of the file was read.
        refused: the first values that training would stop at.
        refused_voxels: how many voxels hold such a value.
        fractions: voxels that are no whole numbers.
        doubtful: voxels that hold the recipe's `data.ignore` where there are larger ids.
    """

    dtype: str
    voxels: int
    labelled: float
    foreground: float
    objects: int
    largest: int
    values: dict[int, int]
    parted: bool = False
    sampled: bool = False
    refused: tuple[int, ...] = ()
    refused_voxels: int = 0
    fractions: int = 0
    doubtful: int = 0

    @property
    def has_classes(self) -> bool:
        """Whether its values are few and small, as classes are."""
        return bool(self.values) and self.largest <= MOST_CLASSES and not self.parted


@dataclass(frozen=True)
class CaseFacts:
    """One case of a fingerprint.

    Args:
        shape: voxels as patches are cut from it.
        channels: of all its images together.
        image: None where it cannot be read.
        faults: why something cannot be read.
    """

    name: str
    group: str | None
    dataset: str | None
    shape: Shape
    channels: int
    dtype: str
    voxel_size: VoxelSize | None
    image: ImageFacts | None
    labels: dict[str, LabelFacts]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fingerprint:
    """What a data set is made of."""

    cases: tuple[CaseFacts, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of all labels, in order."""
        return tuple(sorted({name for case in self.cases for name in case.labels}))

    @property
    def voxel_sizes(self) -> tuple[VoxelSize, ...] | None:
        """Of every case; None when some case does not say."""
        known = tuple(case.voxel_size for case in self.cases if case.voxel_size is not None)
        return known if len(known) == len(self.cases) else None

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Labels with ids above the recipe's `data.ignore`, and with voxels of that value."""
        return tuple(name for name in self.labels if any(label.doubtful for label in self.list_label(name)))

    def list_label(self, name: str) -> list[LabelFacts]:
        """What the cases that have a label say of it."""
        return [case.labels[name] for case in self.cases if name in case.labels]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = asdict(self)
        for told, case in zip(plain["cases"], self.cases, strict=True):
            told["voxel_size"] = None if case.voxel_size is None else list(case.voxel_size)
        return plain


def take_fingerprint(cases: Sequence[Case], *, ignore: int | None = 2, progress: Progress | None = None) -> Fingerprint:
    """What cases are made of. Held: a piece of at most 4 M voxels, and sixteen bytes for each id of a label.

    Args:
        cases: as they are trained on.
        ignore: the recipe's value for "nobody looked", for labels whose layout knows of none.
        progress: called with millions of voxels read and in all.
    """
    reader = PatchReader(0)
    measured = _Measured()
    shapes = [find_shape(case, reader) for case in cases]
    meter = _Meter(sum(_count_voxels(case, shape) for case, shape in zip(cases, shapes, strict=True)), progress)
    facts = []
    for case, shape in zip(cases, shapes, strict=True):
        facts.append(_take_case(case, shape, measured, ignore=ignore, meter=meter))
        meter.finish(_count_voxels(case, shape))
    return Fingerprint(tuple(facts))


class _Meter:
    """Tells of voxels read, in millions, of several files one after the other."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done = total, progress, 0

    def start(self, voxels: int, *, after: int = 0) -> Told:
        """What is told the share of a file that is read; the file counts for so many voxels, `after` others."""

        def tell(share: float) -> None:
            self._report(self._done + after + share * voxels)

        return tell

    def finish(self, voxels: int) -> None:
        """So many voxels are read."""
        self._done += voxels
        self._report(self._done)

    def _report(self, done: float) -> None:
        if self._progress is not None:
            self._progress(round(done / 1e6), max(round(self._total / 1e6), 1))


class _Measured:
    """Intensities of the parts of files that were measured: cases cut from one volume may share them."""

    def __init__(self) -> None:
        self._known: dict[object, ImageFacts] = {}

    def measure(self, case: Case, tell: Told) -> ImageFacts:
        part = (case.images, case.frame.measured or case.frame.crop)
        if part not in self._known:
            volume = open_measured(case).uncached()
            self._known[part] = _sum_up(measure_intensity(volume, progress=lambda done, total: tell(done / total)))
        return self._known[part]


def _count_voxels(case: Case, shape: Shape) -> int:
    return Box.whole(shape).size * (1 + len(case.labels))


def _take_case(case: Case, shape: Shape, measured: _Measured, *, ignore: int | None, meter: _Meter) -> CaseFacts:
    faults, labels, image = [], {}, None
    voxels = Box.whole(shape).size
    try:
        image = measured.measure(case, meter.start(voxels))
    except VolumenError as error:
        faults.append(str(error))
    for number, name in enumerate(case.labels, 1):
        try:
            labels[name] = take_label(case, name, ignore=ignore, tell=meter.start(voxels, after=number * voxels))
        except VolumenError as error:
            faults.append(f"label {name}: {error}")
    return CaseFacts(
        name=case.name,
        group=case.group,
        dataset=case.dataset,
        shape=shape,
        channels=count_channels(case),
        dtype=", ".join(dict.fromkeys(open_volume(spec).dtype.name for spec in case.images)),
        voxel_size=case.voxel_size,
        image=image,
        labels=labels,
        faults=tuple(faults),
    )


def _sum_up(intensity: Intensity) -> ImageFacts:
    low, middle, high = (intensity.percentile(q) for q in (0.5, 50, 99.5))
    words = (intensity.low, intensity.high, intensity.mean, intensity.std)
    return ImageFacts(
        *words,
        percentiles=(low, middle, high),
        zero_share=intensity.share_at(0),
        digest=sha256(repr(words).encode() + intensity.counts.tobytes()).hexdigest()[:16],
    )


def take_label(case: Case, name: str, *, ignore: int | None, tell: Told | None = None) -> LabelFacts:
    """What a label of a case holds, counted in the voxels of its file.

    Args:
        case: whose label it is.
        name: of the label.
        ignore: the recipe's value for "nobody looked".
        tell: called with the share that is read.
    """
    bare = replace(case, frame=replace(case.frame, scale=None))
    reader, values = PatchReader(0), case.find_values(name)
    volume = open_source(bare.locate_labels(name)).uncached()
    looked, masked, fractions, read = Tally(), Tally(), 0, 0
    pieces = list(choose_pieces(volume))
    for number, box in enumerate(pieces, 1):
        labels = volume.read(box)
        labels, wrong = _find_whole(labels) if labels.dtype.kind == "f" else (labels, None)
        known = find_looked(bare, name, box, reader=reader)
        if wrong is not None:
            fractions += int(wrong.sum())
            known &= ~wrong
        looked.add(labels[known])
        masked.add(labels[~known])
        read += box.size
        if tell is not None:
            tell(number / len(pieces))
    facts = _weigh(looked, masked, values, ignore, voxels=read)
    return replace(
        facts,
        dtype=volume.dtype.name,
        parted=values.components is not None,
        fractions=fractions,
        sampled=read < Box.whole(volume.shape).size,
    )


def _find_whole(
    labels: Shaped[np.ndarray, "z y x"],
) -> tuple[Int64[np.ndarray, "z y x"], Bool[np.ndarray, "z y x"]]:
    """Floats as whole numbers, and where they are none."""
    whole = np.rint(labels)
    wrong = ~np.isfinite(labels) | (whole != labels)
    return np.where(wrong, 0, whole).astype(np.int64), wrong


def _weigh(looked: Tally, masked: Tally, values: LabelValues, ignore: int | None, *, voxels: int) -> LabelFacts:
    """What counts of values come to."""
    found, counts = looked.read()
    hidden, hidden_counts = masked.read()
    ignored = values.list_ignored(ignore)
    refused, unseen = (find_refused(_lay(each), ignored, values).reshape(-1) for each in (found, hidden))
    classes = convert_labels(_lay(found[~refused]), ignored, values).reshape(-1)
    kept = counts[~refused]
    unknown, above = classes == IGNORE, classes > 0
    numbers, places = np.unique(classes, return_inverse=True)
    totals = np.bincount(places, kept, len(numbers)).astype(np.int64) if len(numbers) else kept
    labelled = int(kept[~unknown].sum())
    wrong = np.concatenate([found[refused], hidden[unseen]])
    few = len(numbers) <= MOST_VALUES + 2  # background and nobody looked beside them
    largest = max(int(numbers[-1]), 0) if len(numbers) else 0
    borrowed = values.ignore is None and ignore is not None and largest > ignore
    return LabelFacts(
        dtype="",
        voxels=voxels,
        labelled=labelled / voxels if voxels else 0.0,
        foreground=int(kept[above].sum()) / labelled if labelled else 0.0,
        objects=int((numbers > 0).sum()),
        largest=largest,
        values=dict(zip(numbers.tolist(), totals.tolist(), strict=True)) if few else {},
        refused=tuple(int(value) for value in wrong[:_SHOWN]),
        refused_voxels=int(counts[refused].sum() + hidden_counts[unseen].sum()),
        doubtful=int(counts[found == ignore].sum()) if borrowed else 0,
    )


def _lay(values: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, "1 1 n"]:
    return values.reshape(1, 1, -1)
