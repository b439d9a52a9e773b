"""Small moving pictures of what a network makes of a patch: image, truth and prediction side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from volumen.geometry import VoxelSize
from volumen.viewing.pictures import Contrast, Panel, measure_contrast, paint_cut
from volumen.viewing.rows import draw_row
from volumen.viewing.slices import Scene, Source, cut_scene, find_position
from volumen.viewing.writing import write_whole

if TYPE_CHECKING:
    from PIL import Image

SIDE = 256  # pixels of a panel
MOST_FRAMES = 24  # a deeper patch is shown every second, third, … slice
FRAME_MS = 120
COLOURS = 128
SAMPLED_FRAMES = 4  # frames from which a GIF's colours are chosen


def write_preview(
    path: str | Path,
    image: Source,
    truth: Source | None = None,
    prediction: Source | None = None,
    *,
    ignore: int | None = None,
    instances: bool = False,
    voxel_size: VoxelSize | None = None,
    side: int = SIDE,
) -> Path:
    """The file written: a GIF that runs through z, or a PNG when there is one slice; the ending is added to `path`.

    Volumes and arrays are read slice by slice; the pictures, at most 24 of them, are held.

    Args:
        path: with or without its ending.
        image: `z y x`, `c z y x` (the first channel is shown) or `y x`.
        truth: labels, 0 is background.
        prediction: labels, or probabilities when they are floats.
        ignore: the value of `truth` where nobody looked.
        instances: whether labels are ids to be told apart by colour.
        voxel_size: sets the aspect of the slices.
        side: pixels of a panel.
    """
    scene = Scene(image, truth, prediction, ignore=ignore, instances=instances, voxel_size=voxel_size)
    target = Path(path)
    ending = ".png" if scene.shape[0] == 1 else ".gif"
    target = target.with_name(target.name.removesuffix(".png").removesuffix(".gif") + ending)
    frames = draw_frames(scene, side=side)
    with write_whole(target) as partial:
        if ending == ".png":
            frames[0].save(partial, format="PNG", optimize=True)
        else:
            first, *others = _share_palette(frames)
            first.save(partial, format="GIF", save_all=True, append_images=others, duration=FRAME_MS, loop=0)
    return target


def draw_frames(scene: Scene, *, side: int = SIDE) -> "list[Image.Image]":
    """The preview's pictures in order of z, all with the contrast of the middle one."""
    depth = scene.shape[0]
    _, y, x = find_position(scene)
    step = -(-depth // MOST_FRAMES)
    middle = cut_scene(scene, 0, (depth // 2, y, x))
    contrast = measure_contrast(middle.image)
    return [_draw_frame(scene, (z, y, x), contrast=contrast, side=side) for z in range(0, depth, step)]


def _draw_frame(scene: Scene, position: tuple[int, int, int], *, contrast: Contrast, side: int) -> "Image.Image":
    cut = cut_scene(scene, 0, position)
    panels = paint_cut(scene, cut, contrast=contrast, side=side)
    if scene.shape[0] > 1:
        panels[0] = Panel(f"{panels[0].name}, {cut.place}", panels[0].pixels)
    return draw_row(panels)


def _share_palette(frames: "list[Image.Image]") -> "list[Image.Image]":
    """The frames in one common set of colours, so that nothing flickers."""
    from PIL import Image

    chosen = frames[:: max(1, len(frames) // SAMPLED_FRAMES)]
    mosaic = Image.fromarray(np.concatenate([np.asarray(frame) for frame in chosen]))
    palette = mosaic.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
