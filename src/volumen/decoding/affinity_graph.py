"""The graph that affinities draw: which pairs of voxels each channel links, and what hangs together."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Integer, Real

from volumen.decoding.head_maps import HeadMap, Role, refuse_other_affinities, refuse_probability
from volumen.decoding.step import Maps, Mask
from volumen.errors import ConfigError
from volumen.geometry import Slices, pair_slices, to_shape
from volumen.heads import Offset

ROLES = (Role("head", refuse_other_affinities), Role("foreground", refuse_probability, needed=False, guessed=False))


@dataclass(frozen=True)
class Link:
    """One channel: the affinity of each voxel with the one at `reach` from it.

    Args:
        values: of every voxel; those whose partner lies outside mean nothing.
        reach: where the other voxel lies, seen from the one that holds the value.
        short: whether the partner is a neighbour, as far as a decoder calls it one.
    """

    values: Real[np.ndarray, "z y x"]
    reach: Offset
    short: bool

    @property
    def step(self) -> int:
        """How much further on the other voxel stands in a flat array."""
        (z, y, x), (_, height, width) = self.reach, self.values.shape
        return int((z * height + y) * width + x)

    def cut(self) -> tuple[Slices, Slices]:
        """All voxels that have a partner, and the partners."""
        return pair_slices(self.values.shape, self.reach)

    def find_linked(self, chosen: Mask, mask: Mask | None) -> Mask:
        """Chosen voxels that have a partner, both of them in the mask where there is one."""
        here, there = self.cut()
        linked: Mask = np.zeros_like(chosen)
        linked[here] = chosen[here]
        if mask is not None:
            linked[here] &= mask[here] & mask[there]
        return linked


def list_links(head: HeadMap, reach: int | None) -> list[Link]:
    """Every channel; those are short whose offset goes at most `reach` voxels along any axis. One must be."""
    spec = head.spec.affinities
    assert spec is not None  # noqa: S101 - its role says so
    short = [reach is None or max(map(abs, offset)) <= reach for offset in spec.offsets]
    if not any(short):
        raise ConfigError(
            f"no offset of head {head.spec.name!r} goes {reach} voxels or less ({list(spec.offsets)}); raise reach"
        )
    return [Link(*link) for link in zip(head.values, spec.reaches, short, strict=True)]


def find_foreground(maps: Maps, threshold: float) -> Mask | None:
    """The voxels that a head takes for objects; None where no head is named."""
    return maps["foreground"].find_foreground(threshold) if "foreground" in maps else None


def find_touched(links: Iterable[tuple[Link, Mask]], shape: tuple[int, ...]) -> Mask:
    """Voxels at either end of a linked pair."""
    touched = np.zeros(shape, bool)
    for link, linked in links:
        here, there = link.cut()
        touched |= linked
        touched[there] |= linked[here]
    return touched


def number_components(parents: Int64[np.ndarray, " voxels"], mask: Mask) -> Integer[np.ndarray, "z y x"]:
    """Numbers from 1 in the order of first voxels, in the smallest unsigned type."""
    from volumen.decoding.graph_kernels import number_roots

    numbers = np.zeros(mask.size, np.int64)
    count = number_roots(parents, mask.ravel(), numbers)
    return numbers.reshape(mask.shape).astype(np.min_scalar_type(count))


def list_voxels(shape: tuple[int, ...]) -> Int64[np.ndarray, " voxels"]:
    """Every voxel as a component of its own."""
    return np.arange(np.prod(to_shape(shape)))
