"""Which voxels of its files a case is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from volumen.geometry import Box, Shape
from volumen.volumes import Scale


@dataclass(frozen=True)
class Source:
    """Voxels of one file as a case counts them, from 0 at the case's first voxel.

    Args:
        spec: the file.
        box: the part of it; all when None.
        scale: file voxels along each edge of the case's voxels; None where they are the same.
        linear: whether voxels of another size are found between those of the file, as in images; labels are not.
    """

    spec: str
    box: Box | None = None
    scale: Scale | None = None
    linear: bool = False


@dataclass(frozen=True)
class Frame:
    """Where a case lies in its files.

    Args:
        crop: box of the image; all of it when None.
        starts: the image's voxel at which a label or mask file begins, by its spec; the first for those left out.
        skipped: slices of the image, counted in its file, where nobody looked whatever the labels say.
        scale: file voxels along each edge of the case's voxels; None where they are the same.
        measured: box of the image whose intensities count; the crop when None.
        flat: whether labels and masks are one slice that stands for every layer of the image.
    """

    crop: Box | None = None
    starts: Mapping[str, Shape] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()
    scale: Scale | None = None
    measured: Box | None = None
    flat: bool = False

    def locate_image(self, spec: str) -> Source:
        """An image's voxels."""
        return Source(spec, self.crop, self.scale, linear=True)

    def locate_labels(self, spec: str) -> Source:
        """Voxels of a label or mask file; such a file may begin inside the image."""
        crop = None if self.crop is None else self.crop.relative_to(self.starts.get(spec, (0, 0, 0)))
        if not self.flat:
            return Source(spec, crop, self.scale)
        return Source(spec, crop and flatten_box(crop))

    def lay_labels(self, box: Box) -> Box:
        """The voxels of labels that belong to a box of the image."""
        return flatten_box(box) if self.flat else box

    def locate_measured(self, spec: str) -> Source:
        """The voxels of an image that tell its intensities, as the file has them."""
        return Source(spec, self.measured or self.crop)


def flatten_box(box: Box) -> Box:
    """The same part of one slice."""
    return Box((0, *box.start[1:]), (1, *box.stop[1:]))
