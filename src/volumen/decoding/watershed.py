"""Objects by a watershed from seeds, of foreground, boundaries and distances as far as there are heads of them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Integer

from volumen.decoding.head_maps import HeadMap, Role, refuse_binary, refuse_other_target
from volumen.decoding.step import Labels, Maps, Mask, Radius, Share, Voxels
from volumen.errors import ConfigError
from volumen.morphology import keep_large, label_components, relabel, separate_heights


@dataclass(frozen=True)
class Watershed:
    """Objects grow from seeds in the foreground, over low boundaries and far from the border first.

    A seed is a component of voxels that are surely foreground, surely no boundary, and far enough inside. Without a
    head of boundaries and without `seed_distance`, seeds are the summits of the distance that are `depth` higher than
    the pass to a higher one. Foreground that no seed reaches is an object for each of its components. Components are
    26-connected for objects, 6-connected for seeds. Holds about 40 bytes a voxel (scikit-image's watershed).

    Args:
        foreground: probability from which on a voxel is an object's.
        seed_foreground: probability from which on it can be a seed.
        seed_boundary: probability of a boundary below which it can be a seed.
        seed_distance: distance inside its object, in units of the head, from which on it can be a seed.
        seed_size: seeds of fewer voxels are dropped.
        depth: how much lower than both summits a pass must be to part them, in units of the head.
        binary: the head of the foreground; the first there is when not said.
        boundary: the head of boundaries; the first there is when not said.
        distance: the head of distances; the first there is when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (
        Role("binary", refuse_binary, needed=False),
        Role("boundary", refuse_other_target("boundary"), needed=False),
        Role("distance", refuse_other_target("distance", "skeleton_distance"), needed=False),
    )

    foreground: Share = 0.5
    seed_foreground: Share = 0.5
    seed_boundary: Share = 0.5
    seed_distance: Radius | None = None
    seed_size: Voxels = 1
    depth: Radius = 1
    binary: str | None = None
    boundary: str | None = None
    distance: str | None = None

    def __call__(self, maps: Maps) -> Labels:
        """The labels, from 1."""
        relief = _read_relief(maps)
        mask = maps["binary"].find_foreground(self.foreground) if "binary" in maps else relief.find_mask()
        if relief.boundary is None and self.seed_distance is None:
            return separate_heights(-relief.height, mask, depth=self.depth)
        return _flood(relief.height, self._find_seeds(maps, relief, mask), mask)

    def _find_seeds(self, maps: Maps, relief: "_Relief", mask: Mask) -> Integer[np.ndarray, "z y x"]:
        sure = mask.copy()
        if "binary" in maps:
            sure &= maps["binary"].find_foreground(self.seed_foreground)
        if relief.boundary is not None:
            sure &= relief.boundary < self.seed_boundary
        if relief.inside is not None and self.seed_distance is not None:
            sure &= relief.inside >= self.seed_distance
        return keep_large(label_components(sure, 6), self.seed_size, 6)


@dataclass(frozen=True)
class _Relief:
    """What is flooded: probabilities of a boundary, or how far inside an object each voxel is (0 or less outside)."""

    boundary: Float32[np.ndarray, "z y x"] | None
    inside: Float32[np.ndarray, "z y x"] | None

    @property
    def height(self) -> Float32[np.ndarray, "z y x"]:
        """Low where water comes first."""
        if self.boundary is not None:
            return self.boundary
        if self.inside is not None:
            return -self.inside
        raise ConfigError("watershed needs a head of boundaries or of distances; for a lone mask take instances")

    def find_mask(self) -> Mask:
        """What is to be shared out where no head says: what lies inside, else everything."""
        mask: Mask = np.ones(self.height.shape, bool) if self.inside is None else self.inside > 0
        return mask


def _read_relief(maps: Maps) -> _Relief:
    boundary = maps["boundary"].take_channel("watershed").astype(np.float32) if "boundary" in maps else None
    return _Relief(boundary, _measure_inside(maps["distance"]) if "distance" in maps else None)


def _measure_inside(found: HeadMap) -> Float32[np.ndarray, "z y x"]:
    """How far inside an object each voxel is, in the head's units; 0 or less outside."""
    channel = found.take_channel("watershed").astype(np.float32)
    lengths = found.spec.lengths
    if lengths is None:
        return channel
    if lengths.side == "outside":
        raise ConfigError(f"head {found.spec.name!r} gives distances outside objects; watershed needs those inside")
    scaled: Float32[np.ndarray, "z y x"] = channel * np.float32(lengths.scale or 1.0)
    return -scaled if lengths.side == "signed" else scaled


def _flood(
    height: Float32[np.ndarray, "z y x"], seeds: Integer[np.ndarray, "z y x"], mask: Mask
) -> Integer[np.ndarray, "z y x"]:
    """Seeds grown over the mask, lowest first; what none reaches gets numbers after theirs."""
    from skimage.segmentation import watershed

    flooded: Integer[np.ndarray, "z y x"] = watershed(  # type: ignore[no-untyped-call]
        height, seeds.astype(np.int32), mask=mask, connectivity=np.ones((3, 3, 3))
    )
    rest = label_components(mask & (flooded == 0)).astype(np.int32)
    return relabel(np.where(rest > 0, rest + flooded.max(initial=0), flooded))
