"""Surface volumes for the engine: a window of layers goes in as the channels of one slice, and one slice comes out.

So tiles lie in y and x alone, and regions, blending, memory and files are those of any flat image.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor

from volumen.config import LayersSection
from volumen.errors import ModelError, ShapeError
from volumen.geometry import Shape, count_overlap
from volumen.inference.knobs import Tiling
from volumen.inference.model import Model
from volumen.networks import Network
from volumen.volumes import LayeredVolume, Volume


class LayeredNetwork(Network):
    """A network that makes one slice of several layers, with the layers as channels of its image."""

    def __init__(self, inner: Network, window: int) -> None:
        super().__init__(channels=inner.channels * window, heads=inner.head_specs)
        self.inner = inner
        self.window = window

    @property
    def divisor(self) -> Shape:
        """What every side of an image must be a multiple of."""
        return (1, *self.inner.divisor[1:])

    def forward(self, image: Float[Tensor, "b c z y x"]) -> dict[str, list[Tensor]]:
        """Logits of every head, finest first."""
        self.check_image(image)
        layers: dict[str, list[Tensor]] = self.inner(image.reshape(len(image), -1, self.window, *image.shape[3:]))
        return layers


def lay_models(models: Sequence[Model]) -> list[Model]:
    """The models, those that make one slice of layers as such that take the layers as channels."""
    return [_lay_model(model) if model.network.projects else model for model in models]


def lay_volume(models: Sequence[Model], source: Volume) -> Volume:
    """The volume as laid models take it."""
    window = _find_window(models)
    if window is None:
        return source
    layers, depth = window
    return LayeredVolume(source, layers.find_start(source.shape[0], depth), depth)


def lay_image(models: Sequence[Model], image: Shaped[np.ndarray, "c z y x"]) -> Shaped[np.ndarray, "_ _ y x"]:
    """The array as laid models take it."""
    window = _find_window(models)
    if window is None:
        return image
    layers, depth = window
    start = layers.find_start(image.shape[1], depth)
    return image[:, start : start + depth].reshape(-1, 1, *image.shape[2:])


def lay_tiling(models: Sequence[Model], tiling: Tiling) -> Tiling:
    """The tiling for laid models: tiles of one slice, that overlap in y and x alone."""
    window = _find_window(models)
    if window is None:
        return tiling
    tile = _lay_tile(tiling.tile or models[0].config.tile, window[1])
    overlap = models[0].config.prediction.overlap if tiling.overlap is None else tiling.overlap
    _, y, x = count_overlap(overlap, tile)
    return replace(tiling, tile=tile, overlap=(0, y, x))


def _lay_model(model: Model) -> Model:
    network = LayeredNetwork(model.network, model.config.data.patch_size[0])
    return replace(model, network=network, channels=network.channels)


def _find_window(models: Sequence[Model]) -> tuple[LayersSection, int] | None:
    """Where the layers lie that all models look at, and how many; None for models that take volumes as they are."""
    windows = [(model.config.data.layers, model.config.data.patch_size[0]) for model in models]
    for model, (layers, depth) in zip(models, windows, strict=True):
        if _read_centre(layers, depth) != _read_centre(*windows[0]):
            raise ModelError(f"{model.folder} and {models[0].folder} look at different layers and cannot be averaged")
    if not windows or windows[0][0] is None:
        return None
    return windows[0][0], windows[0][1]


def _read_centre(layers: LayersSection | None, depth: int) -> tuple[int | None, int] | None:
    """What of a window decides its place."""
    return None if layers is None else (layers.centre, depth)


def _lay_tile(tile: Shape, depth: int) -> Shape:
    if tile[0] not in {1, depth}:
        raise ShapeError(f"a tile of {tile} cannot be: this model looks at {depth} layers; give 1 or {depth} along z")
    return (1, *tile[1:])
