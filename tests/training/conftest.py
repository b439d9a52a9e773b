"""A data set of small bright balls in noise, and a recipe that trains a tiny U-Net on it in seconds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from volumen.config import RunConfig
from volumen.data import Case, find_cases

SIZE = 16


def write_balls(root: Path, cases: int, size: int = SIZE) -> None:
    rng = np.random.default_rng(7)
    for folder in ("train_images", "train_labels"):
        (root / folder).mkdir(parents=True)
    for number in range(cases):
        distance = np.linalg.norm(np.indices((size,) * 3) - rng.uniform(5, size - 5, (3, 1, 1, 1)), axis=0)
        labels = (distance < size / 4).astype(np.uint8)
        image = 100 * labels + rng.normal(50, 20, labels.shape)
        labels[0] = 2
        tifffile.imwrite(root / f"train_images/ball_{number}.tif", image.clip(0, 255).astype(np.uint8))
        tifffile.imwrite(root / f"train_labels/ball_{number}.tif", labels)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Tiny networks on many threads spend their time waiting for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def balls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("balls")
    write_balls(root, 4)
    return root


@pytest.fixture(scope="session")
def cases(balls: Path) -> list[Case]:
    return find_cases(balls)


@pytest.fixture(scope="session")
def make_config(balls: Path) -> Callable[..., RunConfig]:
    """A recipe; keywords are settings of its training section, `sections` are laid over the others."""

    def make(sections: dict[str, dict[str, object]] | None = None, **training: object) -> RunConfig:
        recipe: dict[str, dict[str, object]] = {
            "data": {
                "root": str(balls),
                "patch_size": 8,
                "batch_size": 2,
                "num_workers": 0,
                "folds": 2,
                "ignore": 2,
                "augmentations": ["flip", {"name": "noise", "sigma": 0.05}],
            },
            "network": {"name": "unet", "features": 4, "depth": 2},
            "heads": {"ball": {"target": {"name": "binary", "foreground": [1]}, "losses": ["dice", "focal"]}},
            "optimizer": {"name": "adam", "lr": 1e-2},
            "training": {"max_epochs": 2, "steps_per_epoch": 3, "previews": 0, **training},
        }
        for name, section in (sections or {}).items():
            recipe[name] = recipe.get(name, {}) | section
        return RunConfig.model_validate(recipe)

    return make
