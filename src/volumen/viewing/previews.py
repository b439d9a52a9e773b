"""Small moving pictures of what a network makes of a patch: a row a head of image, truth and prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float32, Shaped, UInt8

from volumen.geometry import Shape, VoxelSize
from volumen.viewing.pictures import (
    Contrast,
    Panel,
    find_size,
    measure_contrast,
    paint_cut,
    paint_numbers,
)
from volumen.viewing.rows import draw_row, stack_rows
from volumen.viewing.slices import Scene, cut_scene, find_position
from volumen.viewing.writing import write_whole

if TYPE_CHECKING:
    from PIL import Image

SIDE = 256  # pixels of a panel of a lone head,
SMALL_SIDE = 192  # and of one of several
MOST_FRAMES = 24  # a deeper patch is shown every second, third, … slice
FRAME_MS = 120
COLOURS = 256
SAMPLED_FRAMES = 4  # frames from which a GIF's colours are chosen
LABEL_AXES = 3  # numbers have channels before them


@dataclass(frozen=True, eq=False)
class HeadView:
    """What a head should give in some slices, and what it gives.

    Args:
        name: of the head.
        truth: labels, 0 is background, or one to three numbers a voxel.
        prediction: labels, or probabilities when they are floats, or one to three numbers a voxel.
        ignored: where nobody looked.
        instances: whether labels are to be told apart by colour; else all but 0 is one foreground.
    """

    name: str
    truth: Shaped[np.ndarray, "*t z y x"]
    prediction: Shaped[np.ndarray, "*p z y x"]
    ignored: Bool[np.ndarray, "z y x"]
    instances: bool = False

    def list_numbers(self) -> dict[str, Float32[np.ndarray, "c z y x"]]:
        """What is no label, by what it is."""
        both = {"truth": self.truth, "prediction": self.prediction}
        return {name: values for name, values in both.items() if values.ndim > LABEL_AXES}

    def measure_contrast(self) -> Contrast:
        """What numbers are black and white, by the truth where it has some: 0 is black, or grey if some are less."""
        for values in self.list_numbers().values():
            span = measure_contrast(values[:, ~self.ignored])
            reach = max(-span.low, span.high)
            return Contrast(-reach if span.low < 0 else 0.0, reach)
        return Contrast(0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Preview:
    """Slices of a patch as every head sees them.

    Args:
        image: of the slices.
        places: where in the patch they lie; nothing of a patch that has but one.
        heads: one or more.
        voxel_size: sets the aspect of the slices.
    """

    image: Float32[np.ndarray, "z y x"]
    places: Sequence[int]
    heads: tuple[HeadView, ...]
    voxel_size: VoxelSize | None = None

    def build_scene(self, head: HeadView) -> Scene:
        """What of a head can be shown as labels."""
        truth, prediction = (None if each.ndim > LABEL_AXES else each for each in (head.truth, head.prediction))
        return Scene(self.image, truth, prediction, head.ignored, head.instances, self.voxel_size)

    def find_position(self) -> Shape:
        """The voxel through which to cut: where the first head with labels has most of them, else the middle."""
        labelled = [head for head in self.heads if head.truth.ndim == LABEL_AXES]
        return find_position(self.build_scene((labelled or self.heads)[0]))


def choose_slices(depth: int) -> range:
    """The slices of a patch that a preview shows: every one, or every n-th."""
    return range(0, depth, -(-depth // MOST_FRAMES))


def write_preview(path: str | Path, preview: Preview) -> Path:
    """The file written: a GIF that runs through z, or a PNG when there is one slice; the ending is added to `path`."""
    target = Path(path)
    ending = ".png" if len(preview.image) == 1 else ".gif"
    target = target.with_name(target.name.removesuffix(".png").removesuffix(".gif") + ending)
    frames = draw_frames(preview)
    with write_whole(target) as partial:
        if ending == ".png":
            frames[0].save(partial, format="PNG", optimize=True)
        else:
            first, *others = _share_palette(frames)
            first.save(partial, format="GIF", save_all=True, append_images=others, duration=FRAME_MS, loop=0)
    return target


def draw_frames(preview: Preview) -> "list[Image.Image]":
    """Pictures of the slices in their order, all with one contrast."""
    _, y, x = preview.find_position()
    rows = [draw_rows(preview, head, [(z, y, x) for z in range(len(preview.image))]) for head in preview.heads]
    return [stack_rows(frame) for frame in zip(*rows, strict=True)]


def draw_stills(preview: Preview) -> dict[str, UInt8[np.ndarray, "y x 3"]]:
    """A picture of each head, by its name, in the slice where there is most to see."""
    position = preview.find_position()
    return {head.name: np.asarray(draw_rows(preview, head, [position])[0]) for head in preview.heads}


def draw_rows(preview: Preview, head: HeadView, positions: Sequence[Shape]) -> "list[Image.Image]":
    """What a head makes of the slices through some voxels, all with one contrast."""
    scene, grey, contrast = preview.build_scene(head), measure_contrast(preview.image), head.measure_contrast()
    side = SIDE if len(preview.heads) == 1 else SMALL_SIDE
    rows = []
    for position in positions:
        cut = cut_scene(scene, 0, position)
        image, *panels = paint_cut(scene, cut, contrast=grey, side=side)
        title = ", ".join([head.name, *(f"z = {place}" for place in preview.places[position[0] :][:1])])
        for name, values in head.list_numbers().items():
            slice_ = values[(slice(None), *cut.box.slices)][:, 0]
            pixels = paint_numbers(slice_, contrast, cut.ignored, size=find_size(cut, side))
            panels.append(Panel(name, pixels))
        rows.append(draw_row([Panel(title, image.pixels), *panels]))
    return rows


def _share_palette(frames: "list[Image.Image]") -> "list[Image.Image]":
    """The frames in one common set of colours, so that nothing flickers."""
    from PIL import Image

    chosen = frames[:: max(1, len(frames) // SAMPLED_FRAMES)]
    mosaic = Image.fromarray(np.concatenate([np.asarray(frame) for frame in chosen]))
    palette = mosaic.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
