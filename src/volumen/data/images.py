"""Images of cases: the channels of a patch, or the whole as one volume."""

import numpy as np
from jaxtyping import Float32

from volumen.data.cases import Case
from volumen.data.frames import Source
from volumen.data.patches import PatchReader, pad_end
from volumen.geometry import Box, Shape
from volumen.volumes import CroppedVolume, IntensityMap, StackedVolume, Volume, open_volume


def read_image(
    case: Case, box: Box, *, reader: PatchReader, intensities: IntensityMap
) -> Float32[np.ndarray, "c z y x"]:
    """Normalised intensities, 0 past the volume's end; channels of one image, then those of the next."""
    inside = box.clip(Box.whole(find_shape(case, reader)))
    parts = [reader.read(source, inside).reshape(-1, *inside.shape) for source in case.locate_images()]
    mapped = [intensities.apply(part) for part in parts]
    image = mapped[0] if len(mapped) == 1 else np.concatenate(mapped)
    return pad_end(image, (len(image), *box.shape), value=0)


def find_shape(case: Case, reader: PatchReader) -> Shape:
    """Voxels of a case along each axis, in its own voxel size."""
    return reader.find_shape(case.locate_images()[0])


def count_channels(case: Case) -> int:
    """Channels that a case's images have together."""
    return sum(open_volume(spec).channels or 1 for spec in case.images)


def open_measured(case: Case) -> Volume:
    """The part of a case's images whose intensities count, in the files' own voxels."""
    parts = [open_source(case.frame.locate_measured(spec)) for spec in case.images]
    return parts[0] if len(parts) == 1 else StackedVolume(parts)


def open_source(source: Source) -> Volume:
    """The voxels of a file that a case is made of, in the file's own voxel size."""
    volume = open_volume(source.spec)
    return volume if source.box is None else CroppedVolume(volume, source.box)
