import numpy as np
import pytest
import torch

from volumen.data import BrightnessContrast, Gamma, GaussianNoise
from volumen.data.augmentation.intensity import BrightnessContrastParams, GammaParams, NoiseParams
from volumen.errors import ConfigError


def test_noise_has_the_deviation_it_was_given():
    noisy = GaussianNoise(sigma=0.01).apply(torch.zeros(1, 1, 32, 32, 32), [NoiseParams(1)], "image")
    assert noisy.std().item() == pytest.approx(0.01, rel=0.02)
    assert abs(noisy.mean().item()) < 1e-4


def test_two_seeds_give_two_noises():
    noisy = GaussianNoise().apply(torch.zeros(2, 1, 4, 4, 4), [NoiseParams(1), NoiseParams(2)], "image")
    assert not torch.equal(noisy[0], noisy[1])


def test_contrast_scales_about_the_mean_then_brightness_scales_and_nothing_is_clipped():
    image = torch.tensor([0.2, 1.0]).reshape(1, 1, 1, 1, 2)
    params = [BrightnessContrastParams(contrast=1.2, brightness=1.1)]
    expected = (torch.tensor([-0.4, 0.4]) * 1.2 + 0.6) * 1.1
    torch.testing.assert_close(BrightnessContrast().apply(image, params, "image").flatten(), expected)


def test_factors_lie_within_their_range():
    rng = np.random.default_rng(0)
    drawn = [BrightnessContrast(0.8, 1.2, p=1.0).draw(rng, (1, 1, 1)) for _ in range(100)]
    factors = [factor for params in drawn for factor in (params.contrast, params.brightness)]
    assert 0.8 <= min(factors) < 0.82
    assert 1.18 < max(factors) <= 1.2


def test_intensities_alone_change():
    labels = torch.ones(1, 2, 2, 2, dtype=torch.int64)
    assert BrightnessContrast().apply(labels, [BrightnessContrastParams(2.0, 2.0)], "labels") is labels
    assert GaussianNoise().apply(labels, [NoiseParams(1)], "labels") is labels


def test_impossible_ranges_are_refused():
    with pytest.raises(ConfigError, match="low ≤ high"):
        BrightnessContrast(low=1.2, high=0.8)
    with pytest.raises(ConfigError, match="sigma"):
        GaussianNoise(sigma=-1.0)
    with pytest.raises(ConfigError, match="gamma needs 0 < low ≤ high"):
        Gamma(low=0.0)


def test_gamma_bends_the_middle_tones_and_keeps_the_ends():
    image = torch.tensor([2.0, 4.0, 6.0]).view(1, 1, 1, 1, 3)
    bent = Gamma(keep=False).apply(image, [GammaParams(2.0)], "image").flatten()
    torch.testing.assert_close(bent, torch.tensor([2.0, 3.0, 6.0]))
    negative = Gamma(keep=False).apply(image, [GammaParams(2.0, negative=True)], "image").flatten()
    torch.testing.assert_close(negative, torch.tensor([2.0, 5.0, 6.0]))


def test_gamma_keeps_the_mean_and_the_deviation_of_each_channel():
    image = torch.rand(1, 2, 8, 8, 8) * torch.tensor([1.0, 50.0]).view(1, 2, 1, 1, 1)
    bent = Gamma().apply(image, [GammaParams(1.5)], "image")
    assert not torch.allclose(bent, image, rtol=0.01)
    for measure in (torch.mean, torch.std):
        torch.testing.assert_close(measure(bent, dim=(2, 3, 4)), measure(image, dim=(2, 3, 4)))


def test_gamma_leaves_a_patch_of_one_value_alone():
    image = torch.full((1, 1, 4, 4, 4), 0.3)
    torch.testing.assert_close(Gamma().apply(image, [GammaParams(1.5)], "image"), image)


def test_exponents_brighten_as_often_as_they_darken():
    rng = np.random.default_rng(0)
    exponents = [Gamma(0.5, 2.0, p=1.0).draw(rng, (1, 1, 1)).exponent for _ in range(200)]
    assert 0.5 <= min(exponents) < 0.55
    assert 1.8 < max(exponents) <= 2
    assert 80 < sum(exponent < 1 for exponent in exponents) < 120
