"""Where a segmentation is wrong, as a picture: three slices through the place with most errors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from volumen.geometry import Box, Shape, VoxelSize
from volumen.metrics import ErrorKind
from volumen.viewing.palette import AGREEMENT, PREDICTION, TRUTH, Colour
from volumen.viewing.pictures import SIDE, Panel, enlarge_cut, find_size, paint_ignored
from volumen.viewing.rows import draw_row
from volumen.viewing.sections import Key
from volumen.viewing.slices import Cut, Readable, Scene, Source, cut_three_ways, find_position
from volumen.viewing.writing import write_whole

BACKGROUND: Colour = (38, 38, 42)
RIGHT: Colour = (150, 150, 150)
INVENTED: Colour = (204, 121, 167)  # the purple of Okabe and Ito, apart from the other three for all kinds of sight

COLOURS = {
    ErrorKind.SPLIT: TRUTH,
    ErrorKind.MERGED: PREDICTION,
    ErrorKind.MISSED: AGREEMENT,
    ErrorKind.INVENTED: INVENTED,
}
KEYS = (Key("right", RIGHT), *(Key(kind.name.lower(), colour) for kind, colour in COLOURS.items()))


def write_error_picture(
    path: str | Path, errors: Readable, truth: Source, *, voxel_size: VoxelSize | None = None, side: int = SIDE
) -> Path:
    """The PNG written: what is right, split, merged, missed and invented, across z, y and x.

    Only the slices are read, and, to find the place with most errors, at most 27 blocks of 128³.

    Args:
        path: where it goes.
        errors: what `map_errors` gave, or the same written to a volume.
        truth: labels; objects that are right are shown by them.
        voxel_size: sets the aspect of the slices.
        side: pixels of a panel's longer side.
    """
    position = find_position(Scene(errors, truth=_Wrong(errors)))
    cuts = cut_three_ways(Scene(errors, truth=truth, voxel_size=voxel_size), position)
    panels = [Panel(cut.place, paint_errors(enlarge_cut(cut, find_size(cut, side)))) for cut in cuts]
    target = Path(path)
    with write_whole(target) as partial:
        draw_row(panels, KEYS).save(partial, format="PNG", optimize=True)
    return target


def paint_errors(cut: Cut) -> UInt8[np.ndarray, "y x 3"]:
    """A slice of an error map (the cut's image) in the colours of its kinds, objects that are right in grey."""
    picture = np.full((*cut.image.shape, 3), BACKGROUND, np.uint8)
    if cut.truth is not None:
        picture[cut.truth != 0] = RIGHT
    for kind, colour in COLOURS.items():
        picture[cut.image == kind] = colour
    ignored: Bool[np.ndarray, "y x"] = cut.image == ErrorKind.IGNORED
    return paint_ignored(picture, ignored)


@dataclass(frozen=True)
class _Wrong:
    """The voxels of an error map that are wrong."""

    errors: Readable

    @property
    def shape(self) -> Shape:
        """Voxels along z y x."""
        return self.errors.shape

    def read(self, box: Box | None = None) -> Bool[np.ndarray, "z y x"]:
        """Whether each voxel of a box is wrong."""
        kinds = self.errors.read(box)
        wrong: Bool[np.ndarray, "z y x"] = (kinds != ErrorKind.RIGHT) & (kinds != ErrorKind.IGNORED)
        return wrong
