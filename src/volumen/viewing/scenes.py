"""A scene in three directions as a section of a report, with captions that say what is seen."""

from volumen.geometry import Shape
from volumen.viewing.palette import AGREEMENT, PREDICTION, TRUTH, UNSEEN
from volumen.viewing.pictures import SIDE, Panel, paint_cuts
from volumen.viewing.sections import Key, Picture, PictureSection
from volumen.viewing.slices import WINDOW, Cut, Scene, cut_three_ways, find_position

COMPARED = (Key("in both", AGREEMENT), Key("only in the truth: missed", TRUTH), Key("only predicted", PREDICTION))


def show_scene(title: str, scene: Scene, *, position: Shape | None = None, side: int = SIDE) -> PictureSection:
    """Slices across z, y and x: the image, the truth over it, the prediction compared with the truth.

    Only the slices are read, and, to find a place worth showing, at most 27 blocks of 128³.

    Args:
        title: the case's name, say.
        scene: what to show.
        position: the voxel to cut through; the place with most truth (or prediction) when it is not given.
        side: pixels of a picture's longer side.
    """
    through = position or find_position(scene)
    cuts = cut_three_ways(scene, through)
    compared = scene.truth is not None and not scene.instances
    rows = tuple(
        tuple(Picture(panel.pixels, _caption_panel(panel, cut, compared=compared)) for panel in panels)
        for cut, panels in zip(cuts, paint_cuts(scene, cuts, side=side), strict=True)
    )
    return PictureSection(title, rows, _list_keys(scene), _caption_scene(scene, through, chosen=position is None))


def _caption_panel(panel: Panel, cut: Cut, *, compared: bool) -> str:
    if panel.name == "image":
        return f"{cut.place}, image"
    if panel.name == "truth":
        return "truth over image"
    return "prediction against truth" if compared else "prediction over image"


def _list_keys(scene: Scene) -> tuple[Key, ...]:
    if scene.instances or (scene.truth is None and scene.prediction is None):
        return ()
    if scene.prediction is None:
        return (Key("truth", TRUTH),)
    if scene.truth is None:
        return (Key("predicted", PREDICTION),)
    return COMPARED if scene.ignore is None else (*COMPARED, Key("predicted where nobody looked", UNSEEN))


def _caption_scene(scene: Scene, through: Shape, *, chosen: bool) -> str:
    sentences = [
        f"Cut through the voxel z y x = {', '.join(map(str, through))} of {' × '.join(map(str, scene.shape))}."
    ]
    if chosen and scene.truth is not None:
        sentences.append("The place was chosen for holding much truth; it is not a random one.")
    if max(scene.shape) > WINDOW:
        sentences.append(f"Of longer slices the {WINDOW} voxels about it are shown.")
    if scene.ignore is not None:
        sentences.append("Dim and hatched: nobody looked, and nothing there counts.")
    if scene.instances:
        sentences.append("A colour is an id within one column; between truth and prediction colours do not correspond.")
    sentences.append("Grey runs from the 0.5 to the 99.5 percentile of the slices shown.")
    return " ".join(sentences)
