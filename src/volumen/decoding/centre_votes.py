"""Objects from centre offsets: every voxel votes for where its object's centre is."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float, Integer, Real
from pydantic import Field

from volumen.decoding.head_maps import HeadMap, Role, refuse_binary, refuse_other_target
from volumen.decoding.step import Labels, Maps, Share
from volumen.errors import ConfigError
from volumen.morphology import relabel

Points = Float[np.ndarray, "voxels d"]


@dataclass(frozen=True)
class CentreVotes:
    """Foreground goes to the centre nearest to its vote; centres are where most votes within `radius` meet.

    Votes are counted in voxels; peaks nearer than `radius` to a higher one are no centres. Where offsets lie in the
    plane, every section has centres of its own. Holds some 60 bytes for each voxel of the foreground.

    Args:
        radius: voxels around a centre whose votes are its own.
        votes: a centre has at least so many.
        foreground_threshold: probability from which on a voxel is an object's.
        head: which head; the first that gives centre offsets when not said.
        foreground: the head that says which voxels are objects; the first that does when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_other_target("centre_offsets")), Role("foreground", refuse_binary))

    radius: Annotated[int, Field(ge=1)] = 2
    votes: Annotated[int, Field(ge=1)] = 1
    foreground_threshold: Share = 0.5
    head: str | None = None
    foreground: str | None = None

    def __call__(self, maps: Maps) -> Labels:
        """The labels, from 1."""
        mask = maps["foreground"].find_foreground(self.foreground_threshold)
        steps = _measure_steps(maps["head"])
        labels = np.zeros(mask.shape, np.int64)
        if len(steps) == 3:  # noqa: PLR2004 - z y x
            labels[mask] = self._assign(np.argwhere(mask) + steps[:, mask].T, mask.shape)
            return relabel(labels)
        for section, inside, moves in zip(labels, mask, np.moveaxis(steps, 1, 0), strict=True):
            section[inside] = self._assign(np.argwhere(inside) + moves[:, inside].T, inside.shape)
            section[inside] += labels.max()
        return relabel(labels)

    def _assign(self, votes: Points, shape: tuple[int, ...]) -> Integer[np.ndarray, " voxels"]:
        """For each vote the number of the nearest centre; 0 where there is no centre at all."""
        from scipy.spatial import cKDTree

        centres = self._find_centres(votes, shape)
        if len(centres) == 0:
            return np.zeros(len(votes), np.int64)
        _, nearest = cKDTree(centres).query(votes)
        return np.asarray(nearest) + 1

    def _find_centres(self, votes: Points, shape: tuple[int, ...]) -> Float[np.ndarray, "centres d"]:
        """Where most votes meet, the fullest first."""
        from scipy.ndimage import maximum_filter, uniform_filter

        places = np.clip(np.rint(votes).astype(np.int64), 0, np.array(shape) - 1)
        flat = np.ravel_multi_index(tuple(places.T), shape)
        counts = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
        # votes of the whole neighbourhood decide, those of the voxel itself break ties
        meeting = uniform_filter(counts, 3, mode="constant") * 3 ** len(shape) + counts / (counts.max() + 1)
        peaks = (maximum_filter(meeting, 2 * self.radius + 1) == meeting) & (meeting >= self.votes)
        found = np.argwhere(peaks)
        fullest_first = np.argsort(-meeting[peaks], kind="stable")
        return _drop_near(found[fullest_first], self.radius).astype(np.float64)


def _measure_steps(found: HeadMap) -> Real[np.ndarray, "d z y x"]:
    """Steps to the centre in voxels."""
    lengths = found.spec.lengths
    scale = 1.0 if lengths is None or lengths.scale is None else lengths.scale
    steps = found.values * np.float32(scale)
    if lengths is None or lengths.unit == "voxel":
        return steps
    if found.voxel_size is None:
        raise ConfigError(f"head {found.spec.name!r} gives nm, and the prediction has no voxel size")
    edges = np.array(tuple(found.voxel_size), np.float32)[3 - len(steps) :]
    in_voxels: Real[np.ndarray, "d z y x"] = steps / edges[:, None, None, None]
    return in_voxels


def _drop_near(points: Integer[np.ndarray, "points d"], radius: int) -> Integer[np.ndarray, "kept d"]:
    """Points that are farther than `radius`, along some axis, from all kept before them."""
    from scipy.spatial import cKDTree

    kept = np.ones(len(points), bool)
    if len(points):
        tree = cKDTree(points)
        for number, point in enumerate(points):
            if kept[number]:
                kept[tree.query_ball_point(point, radius, p=np.inf)] = False
                kept[number] = True
    return points[kept]
