"""A case as a whole, as the network is shown its patches."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from volumen.data.cases import Case
from volumen.data.images import find_shape, read_image
from volumen.data.labels import read_labels
from volumen.data.patches import PatchReader
from volumen.geometry import Box
from volumen.volumes import IntensityMap


class WholeCase(NamedTuple):
    """All voxels of a case.

    Args:
        image: normalised intensities.
        labels: of one label; −100 where nobody looked.
    """

    image: Float32[np.ndarray, "c z y x"]
    labels: Int64[np.ndarray, "z y x"]


def read_case(case: Case, label: str, *, intensities: IntensityMap, ignore: int | None) -> WholeCase:
    """Image and one label of a case, in the run's voxels; both are held whole.

    Args:
        case: what is read.
        label: one of the run's; a case that lacks it is unknown everywhere.
        intensities: what the normalisation does to the case.
        ignore: the value of label files that says that nobody looked, where their layout does not know.
    """
    reader = PatchReader(0)
    box = Box.whole(find_shape(case, reader))
    return WholeCase(
        read_image(case, box, reader=reader, intensities=intensities),
        read_labels(case, label, box, reader=reader, ignore=ignore),
    )
