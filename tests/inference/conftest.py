"""A tiny model, and volumes for it."""

import numpy as np
import pytest
import torch

from volumen.config import RunConfig
from volumen.heads import HeadSpec
from volumen.inference import load_model, save_model
from volumen.networks import build_network
from volumen.volumes import create_volume

CONFIG = {
    "data": {"patch_size": 16},
    "network": {"name": "unet", "features": 4, "depth": 2, "normalisation": "instance"},
    "heads": {"surface": {"target": "binary", "losses": ["dice"]}},
    "prediction": {"overlap": 4},
}
HEADS = (HeadSpec("surface", 1, "sigmoid"),)


def _write_model(folder, seed, *, config=CONFIG, heads=HEADS, channels=1):
    """A model folder with random weights."""
    config = RunConfig.model_validate(config)
    torch.manual_seed(seed)
    network = build_network(config.network, heads=heads, channels=channels, patch_size=config.data.patch_size)
    save_model(folder, network, config=config, heads=heads, channels=channels, training={"epoch": 3, "score": 0.5})
    return folder


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return [_write_model(root / f"fold_{seed}" / "model", seed) for seed in (0, 1)]


@pytest.fixture(scope="session")
def models(model_folders):
    return [load_model(folder, device="cpu") for folder in model_folders]


@pytest.fixture
def write_model():
    return _write_model


@pytest.fixture
def model(models):
    return models[0]


@pytest.fixture
def image(rng):
    return rng.integers(0, 255, (28, 33, 36)).astype(np.uint8)


@pytest.fixture
def source(image, tmp_path):
    volume = create_volume(tmp_path / "image.zarr", shape=image.shape, dtype=image.dtype, chunks=(16, 16, 16))
    from volumen.geometry import Box

    volume.write(Box.whole(image.shape), image)
    return volume
