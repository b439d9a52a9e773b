"""Objects from flow: neighbours are one object's unless they flow apart."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from volumen.decoding.affinity_graph import Link, list_voxels, number_components
from volumen.decoding.head_maps import Role, refuse_binary, refuse_other_target
from volumen.decoding.step import Labels, Maps, Mask, Share

STEPS = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@dataclass(frozen=True)
class FlowComponents:
    """Foreground hangs together through faces, but where two voxels flow away from each other by more than `apart`.

    Across a border both sides flow to their own middle; in an object neighbours flow together or side by side. Two
    objects that are both one voxel thick where they touch do not flow at all, and stay one. Where flow lies in the
    plane, every section has objects of its own. Holds 17 bytes a voxel.

    Args:
        apart: how far two voxels flow away from each other, along the line between them, per step of one; at most 2.
        foreground_threshold: probability from which on a voxel is an object's.
        head: which head; the first that gives flow when not said.
        foreground: the head that says which voxels are objects; the first that does when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", refuse_other_target("flow")), Role("foreground", refuse_binary))

    apart: Annotated[float | int, Field(ge=0, le=2)] = 0.5
    foreground_threshold: Share = 0.5
    head: str | None = None
    foreground: str | None = None

    def __call__(self, maps: Maps) -> Labels:
        """The labels, from 1 in the order of first voxels."""
        from volumen.decoding.graph_kernels import join_pairs

        flow = maps["head"].values
        mask = maps["foreground"].find_foreground(self.foreground_threshold)
        parents = list_voxels(mask.shape)
        for values, reach in zip(flow, STEPS[-len(flow) :], strict=True):
            link = Link(values, reach, short=True)
            join_pairs(link.find_linked(~self._find_parting(link), mask), reach, parents)
        return number_components(parents, mask)

    def _find_parting(self, link: Link) -> Mask:
        """Voxels that flow away from the next one along the axis, which flows away from them."""
        here, there = link.cut()
        parting: Mask = np.zeros(link.values.shape, bool)
        parting[here] = link.values[there] - link.values[here] > self.apart
        return parting
