"""Objects as the components of the graph that affinities draw."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from volumen.decoding.affinity_graph import (
    ROLES,
    find_foreground,
    find_touched,
    list_links,
    list_voxels,
    number_components,
)
from volumen.decoding.step import Labels, Maps, Share


@dataclass(frozen=True)
class AffinityComponents:
    """Objects are what hangs together by affinities of at least `threshold`, along the pairs that the offsets link.

    Without a foreground, voxels without such an affinity are background. Holds 17 bytes a voxel, and one an offset.

    Args:
        threshold: the least affinity that joins.
        reach: voxels along any axis up to which an offset joins; None takes all offsets.
        head: which head; the first with affinities when not said.
        foreground: the head that says which voxels are objects; none when not said.
        foreground_threshold: from which probability on they are.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = ROLES

    threshold: Share = 0.5
    reach: Annotated[int, Field(ge=1)] | None = 1
    head: str | None = None
    foreground: str | None = None
    foreground_threshold: Share = 0.5

    def __call__(self, maps: Maps) -> Labels:
        """The labels, from 1 in the order of first voxels."""
        from volumen.decoding.graph_kernels import join_pairs

        mask = find_foreground(maps, self.foreground_threshold)
        links = [link for link in list_links(maps["head"], self.reach) if link.short]
        linked = [link.find_linked(link.values >= self.threshold, mask) for link in links]
        shape = linked[0].shape
        parents = list_voxels(shape)
        for link, pairs in zip(links, linked, strict=True):
            join_pairs(pairs, link.reach, parents)
        if mask is None:
            mask = find_touched(zip(links, linked, strict=True), shape)
        return number_components(parents, mask)
