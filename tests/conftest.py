"""Shapes and types are checked while tests run (an int is a float, as for mypy); volumes small enough to read."""

import os

import numpy as np
import pytest
from jaxtyping import install_import_hook

if os.environ.get("SHAPES", "1") == "1":
    _hook = install_import_hook("volumen", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))").hook
    _hook.should_instrument = lambda name: name.split(".")[0] == "volumen" and not name.endswith("_kernels")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
