"""Noise, brightness, contrast and gamma: they change the image's values and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from volumen.data.augmentation.transform import Chance, Kind, Transform, change_each, check_probability
from volumen.errors import ConfigError
from volumen.geometry import Shape

SPACE = (-3, -2, -1)


@dataclass(frozen=True)
class NoiseParams:
    """The seed that the noise is made from, or None for no noise."""

    seed: int | None


@dataclass(frozen=True)
class GaussianNoise(Transform[NoiseParams]):
    """Adds independent normal noise to every voxel.

    Args:
        sigma: its standard deviation, in units of the normalised image.
        p: how often.
    """

    sigma: float = 0.01
    p: Chance = 0.5

    def __post_init__(self) -> None:
        check_probability(self.p)
        if self.sigma < 0:
            raise ConfigError(f"sigma of noise is 0 or more; got {self.sigma}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> NoiseParams:  # noqa: ARG002 - noise fits any shape
        """The seed for one sample."""
        return NoiseParams(int(rng.integers(2**63)) if rng.random() < self.p else None)

    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[NoiseParams], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The noisier batch; the same seeds give the same noise on the same kind of device."""
        return change_each(tensor, params, self._add_noise) if kind == "image" else tensor

    def _add_noise(self, sample: Tensor, drawn: NoiseParams) -> Tensor:
        if drawn.seed is None:
            return sample
        generator = torch.Generator(sample.device).manual_seed(drawn.seed)
        noise = torch.randn(sample.shape, generator=generator, device=sample.device, dtype=sample.dtype)
        return torch.add(sample, noise, alpha=self.sigma)


@dataclass(frozen=True)
class BrightnessContrastParams:
    """The two factors; 1 and 1 leave the image as it is."""

    contrast: float = 1.0
    brightness: float = 1.0


@dataclass(frozen=True)
class BrightnessContrast(Transform[BrightnessContrastParams]):
    """Scales the contrast about the patch's mean, then the brightness; nothing is clipped.

    Args:
        low: the smallest of either factor.
        high: the largest.
        p: how often.
    """

    low: float = 0.8
    high: float = 1.2
    p: Chance = 0.5

    def __post_init__(self) -> None:
        check_probability(self.p)
        if not 0 <= self.low <= self.high:
            raise ConfigError(f"brightness_contrast needs 0 ≤ low ≤ high; got {self.low} and {self.high}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> BrightnessContrastParams:  # noqa: ARG002 - any shape
        """The two factors for one sample."""
        if rng.random() >= self.p:
            return BrightnessContrastParams()
        contrast, brightness = rng.uniform(self.low, self.high, size=2)
        return BrightnessContrastParams(float(contrast), float(brightness))

    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[BrightnessContrastParams], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The batch with other brightness and contrast."""
        return change_each(tensor, params, _scale) if kind == "image" else tensor


def _scale(sample: Tensor, drawn: BrightnessContrastParams) -> Tensor:
    """((x − mean) · contrast + mean) · brightness, per channel, in one pass over the voxels."""
    if drawn == BrightnessContrastParams():
        return sample
    mean = sample.mean(dim=SPACE, keepdim=True)
    return torch.add(mean * (1 - drawn.contrast) * drawn.brightness, sample, alpha=drawn.contrast * drawn.brightness)


@dataclass(frozen=True)
class GammaParams:
    """The exponent, 1 for none, and whether the image is turned to its negative meanwhile."""

    exponent: float = 1.0
    negative: bool = False


@dataclass(frozen=True)
class Gamma(Transform[GammaParams]):
    """Brightens or darkens the middle tones: the patch, scaled to 0 … 1, to a power.

    Args:
        low: the smallest exponent; those below 1 brighten.
        high: the largest; exponents are drawn evenly in their logarithm.
        negative: how often it is done to the negative of the image, which bends the other end of the scale.
        keep: whether the patch has its mean and deviation again afterwards.
        p: how often.
    """

    low: float = 0.7
    high: float = 1.5
    negative: Chance = 0.25
    keep: bool = True
    p: Chance = 0.3

    def __post_init__(self) -> None:
        check_probability(self.p)
        if not (0 < self.low <= self.high and 0 <= self.negative <= 1):
            raise ConfigError(
                f"gamma needs 0 < low ≤ high and negative from 0 to 1; got {self.low}, {self.high} and {self.negative}"
            )

    def draw(self, rng: np.random.Generator, shape: Shape) -> GammaParams:  # noqa: ARG002 - fits any shape
        """The exponent for one sample."""
        if rng.random() >= self.p:
            return GammaParams()
        exponent = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return GammaParams(exponent, bool(rng.random() < self.negative))

    def apply(
        self, tensor: Shaped[Tensor, "b *c z y x"], params: Sequence[GammaParams], kind: Kind
    ) -> Shaped[Tensor, "b *c z y x"]:
        """The batch with other middle tones, each channel within its own range."""
        return change_each(tensor, params, self._bend) if kind == "image" else tensor

    def _bend(self, sample: Tensor, drawn: GammaParams) -> Tensor:
        if drawn.exponent == 1:
            return sample
        low, high = sample.amin(dim=SPACE, keepdim=True), sample.amax(dim=SPACE, keepdim=True)
        start, span = (high, low - high) if drawn.negative else (low, high - low)
        tones = ((sample - start) / torch.where(span == 0, 1, span)).pow_(drawn.exponent)
        bent = tones.mul_(span).add_(start)
        return _give_moments(bent, sample) if self.keep else bent


def _give_moments(changed: Tensor, sample: Tensor) -> Tensor:
    """The changed patch with the mean and deviation of the sample, per channel."""
    had, has = (each.mean(dim=SPACE, keepdim=True) for each in (sample, changed))
    changed = changed.sub_(has)
    wide, narrow = (torch.linalg.vector_norm(each, dim=SPACE, keepdim=True) for each in (sample - had, changed))
    return changed.mul_(wide / torch.where(narrow == 0, 1, narrow)).add_(had)
