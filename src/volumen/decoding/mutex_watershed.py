"""Objects by the mutex watershed: the surest say first what belongs together, and what never may."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, UInt16
from pydantic import Field

from volumen.decoding.affinity_graph import (
    ROLES,
    Link,
    find_foreground,
    find_touched,
    list_links,
    list_voxels,
    number_components,
)
from volumen.decoding.step import Labels, Maps, Mask, Share

Stride = Annotated[int, Field(ge=1)]

# Without a foreground, what no affinity of this joins to anything is background.
LEAST_AFFINITY = 0.5


class Edges(NamedTuple):
    """Edges that have a say: the voxel that holds each, its channel, and how sure it is."""

    voxels: Int64[np.ndarray, " edges"]
    channels: UInt16[np.ndarray, " edges"]
    strengths: Float32[np.ndarray, " edges"]


@dataclass(frozen=True)
class MutexWatershed:
    """Offsets within `reach` join their voxels, the others keep theirs apart with a strength of one minus the affinity.

    Edges are taken by falling strength (Wolf et al. 2018, The Mutex Watershed). Without a foreground, voxels that no
    affinity of one half or more touches are background. Holds 22 bytes for each voxel and offset.

    Args:
        reach: voxels along any axis up to which an offset joins.
        strides: only every so many voxels (z y x) keep others apart; faster, and about as good.
        bias: what is taken off affinities that join: more cuts more.
        head: which head; the first with affinities when not said.
        foreground: the head that says which voxels are objects; none when not said.
        foreground_threshold: from which probability on they are.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = ROLES

    reach: Annotated[int, Field(ge=1)] = 1
    strides: Annotated[Sequence[Stride], Field(min_length=3, max_length=3)] = (1, 1, 1)
    bias: Share = 0.0
    head: str | None = None
    foreground: str | None = None
    foreground_threshold: Share = 0.5

    def __call__(self, maps: Maps) -> Labels:
        """The labels, from 1 in the order of first voxels."""
        from volumen.decoding.graph_kernels import join_unless_excluded

        links = list_links(maps["head"], self.reach)
        mask = find_foreground(maps, self.foreground_threshold)
        if mask is None:
            short = [link for link in links if link.short]
            pairs = ((link, link.find_linked(link.values >= LEAST_AFFINITY, None)) for link in short)
            mask = find_touched(pairs, short[0].values.shape)
        edges = self._list_edges(links, mask)
        order = np.argsort(-edges.strengths, kind="stable")
        steps, joins = np.array([link.step for link in links]), np.array([link.short for link in links])
        parents = list_voxels(mask.shape)
        join_unless_excluded(order, (edges.voxels, edges.channels, steps, joins), parents)
        return number_components(parents, mask)

    def _list_edges(self, links: Sequence[Link], mask: Mask) -> Edges:
        voxels, channels, strengths = [], [], []
        for number, link in enumerate(links):
            strength = link.values - np.float32(self.bias) if link.short else np.float32(1) - link.values
            linked = link.find_linked(strength > 0, mask)
            found = np.flatnonzero(linked if link.short else linked & _find_grid(mask, self.strides))
            voxels.append(found)
            channels.append(np.full(len(found), number, np.uint16))
            strengths.append(strength.reshape(-1)[found].astype(np.float32))
        return Edges(np.concatenate(voxels), np.concatenate(channels), np.concatenate(strengths))


def _find_grid(mask: Mask, strides: Sequence[int]) -> Mask:
    """Every so many voxels along each axis."""
    grid = np.zeros_like(mask)
    grid[:: strides[0], :: strides[1], :: strides[2]] = True
    return grid
