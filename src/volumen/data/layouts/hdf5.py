"""HDF5 files of one folder that belong together by their names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from volumen.data.cases import Case
from volumen.data.inspection import NO_IMAGE, NO_LABEL, NO_MASK, Faults
from volumen.data.layouts.layout import ANY_DATA, Draft, Layout, read_voxel_size
from volumen.data.naming import PLAIN, match_targets
from volumen.errors import ConfigError, DataError
from volumen.volumes import parse_spec, sort_naturally

Star = tuple[str, ...]  # what the stars of a pattern stand for

_IMAGE = "*_im.h5"
_MASK = "mask"


@dataclass(frozen=True)
class Hdf5Layout(Layout):
    """Files by patterns whose `*` is the name that belongs together: `vol*_im.h5`, `vol*_vesicle_ins.h5`.

    A dataset inside may follow a colon (`*.h5:raw`); without one the first volume of the file is taken. What labels are
    not named are every other `NAME_<target>.h5` beside the images, and `NAME_mask.h5` is the mask.

    Args:
        image: pattern of the images.
        labels: patterns of the labels, by the names that they are to have.
        mask: pattern of the masks.
        voxel_size: nm (z y x), in place of what the files say.
    """

    certainty: ClassVar[int] = ANY_DATA

    image: str = _IMAGE
    labels: Mapping[str, str] | str | None = None
    mask: str | None = None
    voxel_size: Sequence[float] | None = None

    @staticmethod
    def recognise(root: Path) -> bool:
        """Whether images are called NAME_im.h5."""
        return any(root.glob(_IMAGE))

    def draft(self, root: str, faults: Faults) -> Draft:
        """Images with the labels and masks whose patterns have the same name in the place of the star."""
        images = find_matches(Path(root), self.image)
        if not images:
            raise DataError(f"{root} holds no file {self.image}; say how images are called with data.layout.image")
        names = {star: name_match(self.image, star) for star in images}
        labels = (
            _find_neighbours(images, names, faults) if self.labels is None else self._find_labels(root, names, faults)
        )
        masks = self._find_masks(root, names, labels, faults)
        faults.add(NO_LABEL, *(names[star] for star in images if not labels[star]))
        size = read_voxel_size(self.voxel_size)
        cases = [Case(names[star], spec, labels[star], masks.get(star), size) for star, spec in images.items()]
        return Draft(cases)

    def _find_labels(self, root: str, names: dict[Star, str], faults: Faults) -> dict[Star, dict[str, str]]:
        """Specs of the labels that have patterns, by image and label."""
        patterns = {PLAIN: self.labels} if isinstance(self.labels, str) else self.labels or {}
        found = {label: find_matches(Path(root), pattern) for label, pattern in patterns.items()}
        for label, specs in found.items():
            faults.add(NO_LABEL, *(f"{name} ({label})" for star, name in names.items() if star not in specs))
            faults.add(NO_IMAGE, *(Path(spec).name for star, spec in specs.items() if star not in names))
        return {star: {label: specs[star] for label, specs in found.items() if star in specs} for star in names}

    def _find_masks(
        self, root: str, names: dict[Star, str], labels: dict[Star, dict[str, str]], faults: Faults
    ) -> dict[Star, str]:
        """Specs of masks by image; what lies beside an image as its mask is no label of it."""
        if self.mask is not None:
            found = find_matches(Path(root), self.mask)
            faults.add(NO_MASK, *(name for star, name in names.items() if star not in found))
            return found
        beside = {star: specs.pop(_MASK, None) for star, specs in labels.items() if self.labels is None}
        return {star: spec for star, spec in beside.items() if spec is not None}


def find_matches(root: Path, pattern: str) -> dict[Star, str]:
    """Specs of the files that fit a pattern, by what its stars stand for; in natural order, with the pattern's key."""
    spec = parse_spec(pattern)
    glob, key = spec.place, spec.key
    if "*" not in glob or "**" in glob:
        raise ConfigError(f"{pattern!r} needs a * for the name that image, labels and mask have in common")
    shape = re.compile("([^/]+)".join(re.escape(part) for part in glob.split("*")))
    matches = {path: shape.fullmatch(path.relative_to(root).as_posix()) for path in root.glob(glob)}
    ordered = sort_naturally(list(matches))
    return {match.groups(): f"{path}:{key}" if key else str(path) for path in ordered if (match := matches[path])}


def name_match(pattern: str, star: Star) -> str:
    """What a case is called: the beginning of its file's name up to the end of the star, or all stars together."""
    beginning = parse_spec(pattern).path.name.partition("*")[0] if len(star) == 1 else ""
    return beginning + "_".join(star)


def _find_neighbours(images: dict[Star, str], names: dict[Star, str], faults: Faults) -> dict[Star, dict[str, str]]:
    """Specs of all files called after an image, by image and what follows its name."""
    places = {parse_spec(spec).path for spec in images.values()}
    others = [
        path
        for folder in {place.parent for place in places}
        for path in folder.iterdir()
        if path.suffix in {place.suffix for place in places} and path not in places
    ]
    specs = {path.stem: str(path) for path in sort_naturally(others)}
    matched, strays = match_targets(names.values(), specs, named=True)
    faults.add(NO_IMAGE, *strays)
    return {star: matched[name] for star, name in names.items()}
