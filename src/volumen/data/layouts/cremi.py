"""CREMI: neurons and synaptic clefts of the fly, three volumes whose labels lie inside a padded image."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from volumen.data.cases import Case
from volumen.data.frames import Frame
from volumen.data.inspection import DOUBLE, MISSING, NO_LABEL, UNREADABLE, Faults
from volumen.data.layouts.layout import Draft, Layout
from volumen.data.values import LabelValues
from volumen.errors import MissingError
from volumen.geometry import VoxelSize

Version = Literal["cropped", "padded"]

RAW = "volumes/raw"
LABELS = {"neuron_ids": "volumes/labels/neuron_ids", "clefts": "volumes/labels/clefts"}

# The largest numbers of 64 bits: no neuron or no cleft, and not looked at.
BACKGROUND, INVALID = 2**64 - 1, 2**64 - 2
VALUES = {
    "neuron_ids": LabelValues(ignore=(BACKGROUND, INVALID)),
    "clefts": LabelValues(ignore=(INVALID,), classes={BACKGROUND: 0}),
}

_NAME = re.compile(r"sample_?([A-C])(\+?)(_padded)?(?:_\d{8})?\.(?:hdf|h5|hdf5)")


@dataclass(frozen=True)
class CremiLayout(Layout):
    """`sample_A_20160501.hdf`, `sample_A_padded_20160501.hdf` or `sampleA.h5`, each with image and labels.

    Of a padded image the part is used that its labels cover, by the offset that they say. Test volumes (`sample_A+…`)
    have no labels and are left out.

    Args:
        samples: letters of the volumes; all that are there when not said.
        version: of a volume that is there in both ways the cropped one is used when not said.
        skip: sections that are damaged, by letter, counted in the labels: nothing is learned from them.
    """

    samples: Sequence[Literal["A", "B", "C"]] | None = None
    version: Version | None = None
    skip: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether a volume of that name is there."""
        return bool(list_samples(root))

    def draft(self, root: str, faults: Faults) -> Draft:
        """A case for each volume, of its own group."""
        samples = list_samples(Path(root))
        chosen = self._choose(samples, faults)
        if not chosen:
            raise MissingError(f"{root} has no sample_A_20160501.hdf; volumen data download cremi brings it")
        wanted: Sequence[str] = self.samples or sorted(chosen)
        faults.add(MISSING, *(f"sample {letter}" for letter in wanted if letter not in chosen))
        drafts = [_draft_case(chosen[letter], self.skip, faults) for letter in wanted if letter in chosen]
        tests = ", ".join(sample.path.name for sample in samples if sample.is_test)
        notes = (f"{tests} have no labels and are left out",) if tests else ()
        return Draft([case for case in drafts if case is not None], notes=notes)

    def _choose(self, samples: Sequence["Sample"], faults: Faults) -> dict[str, "Sample"]:
        """The file of each letter."""
        there = [sample for sample in samples if not sample.is_test and self.version in {None, sample.version}]
        kinds = Counter((sample.letter, sample.version) for sample in there)
        faults.add(DOUBLE, *(sample.path.name for sample in there if kinds[sample.letter, sample.version] > 1))
        # the cropped file of a letter comes after the padded one, and takes its place
        return {sample.letter: sample for sample in sorted(there, key=lambda sample: sample.version, reverse=True)}


@dataclass(frozen=True)
class Sample:
    """A file of the data set, by its name."""

    path: Path
    letter: str
    version: Version
    is_test: bool


def list_samples(root: Path) -> list[Sample]:
    """The data set's files in a folder."""
    matches = [(path, _NAME.fullmatch(path.name)) for path in sorted(root.iterdir())]
    return [
        Sample(path, match[1], "padded" if match[3] else "cropped", bool(match[2])) for path, match in matches if match
    ]


def _draft_case(sample: Sample, skip: Mapping[str, Sequence[int]], faults: Faults) -> Case | None:
    """The case of a file with the labels that it has."""
    try:
        header = _read_header(sample.path)
    except (OSError, KeyError) as error:
        faults.add(UNREADABLE, f"{sample.path.name} ({error})")
        return None
    labels = {name: f"{sample.path}:{key}" for name, key in LABELS.items() if name in header.starts}
    if not labels:
        faults.add(NO_LABEL, sample.path.name)
        return None
    first = next(iter(header.starts.values()))
    skipped = tuple(first + section for section in skip.get(sample.letter, ()))
    return Case(
        f"sample_{sample.letter}",
        f"{sample.path}:{RAW}",
        labels,
        voxel_size=header.voxel_size,
        group=sample.letter,
        frame=Frame(skipped=skipped),
        values={name: VALUES[name] for name in labels},
    )


@dataclass(frozen=True)
class Header:
    """What a file says of itself: the voxel size, and in which section of the image each of its labels begins."""

    voxel_size: VoxelSize
    starts: dict[str, int]


def _read_header(path: Path) -> Header:
    import h5py

    with h5py.File(path) as file:
        size = VoxelSize.parse([float(edge) for edge in file[RAW].attrs["resolution"]])
        there = {name: file[key] for name, key in LABELS.items() if key in file}
        offsets = {name: float(volume.attrs.get("offset", (0, 0, 0))[0]) for name, volume in there.items()}
        return Header(size, {name: round(offset / size.z) for name, offset in offsets.items()})
