"""What a sampling may ask about the case that it chooses a place in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from volumen.data.index import PatchIndex
from volumen.data.labels import Seen
from volumen.errors import DataError
from volumen.geometry import Box, Shape, plan_boxes

# Voxels looked through at once for one of a label.
LOOKED_AT = 2**21


@dataclass(frozen=True)
class CaseView:
    """A case while a place is chosen in it.

    Args:
        shape: voxels of the case.
        patch: voxels of the patch that is cut.
        read: labels of a box that lies inside, and where somebody looked; None for a case without labels.
        index: where these labels lie, for samplings that go by it.
    """

    shape: Shape
    patch: Shape
    read: Callable[[Box], Seen] | None = None
    index: PatchIndex | None = None

    def measure_foreground(self, box: Box) -> float | None:
        """Labels above 0 over voxels that somebody looked at; None where nobody looked at all."""
        seen = self._look(box)
        looked = 0 if seen is None else np.count_nonzero(seen.known)
        return np.count_nonzero((seen.labels > 0) & seen.known) / looked if seen is not None and looked else None

    def count_known(self, box: Box) -> int:
        """Voxels of a box that somebody looked at."""
        seen = self._look(box)
        return 0 if seen is None else int(np.count_nonzero(seen.known))

    def find_voxel(self, box: Box, label: int | None, rank: int) -> Shape:
        """The voxel of a label (of any foreground for None) that comes at `rank` in a box; part by part in memory."""
        for part, matching in self._match(box, label):
            places = np.flatnonzero(matching)
            if rank < len(places):
                z, y, x = (int(step) for step in np.unravel_index(places[rank], part.shape))
                return part.start[0] + z, part.start[1] + y, part.start[2] + x
            rank -= len(places)
        raise DataError("its labels have changed since they were looked through; start the run again")

    def _match(self, box: Box, label: int | None) -> Iterator[tuple[Box, Bool[np.ndarray, "z y x"]]]:
        """Parts of a box, and where somebody saw the label."""
        for part in plan_boxes(box.shape, [], most=LOOKED_AT):
            here = part.shift(box.start)
            seen = self._look(here)
            if seen is not None:
                yield here, ((seen.labels > 0) if label is None else (seen.labels == label)) & seen.known

    def _look(self, box: Box) -> Seen | None:
        return None if self.read is None else self.read(box.clip(Box.whole(self.shape)))
