"""Shapes and types are checked while tests run; volumes small enough to read."""

import gc
import hashlib
import os
import sys
import time
import types
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

ROOT = Path(__file__).parents[1]
# numba keeps what it has compiled until the file of a loop changes, not until those that the loop calls do.
_kernels = b"".join(path.read_bytes() for path in sorted(ROOT.glob("src/volumen/*/*_kernels.py")))
_cache = ROOT / ".pytest_cache" / "numba" / hashlib.sha256(_kernels).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache))

if os.environ.get("SHAPES", "1") == "1":
    # An int may stand where a float is due, as everywhere in Python; the hook takes its checker by name only.
    sys.modules["volumen_shapes"] = types.ModuleType("volumen_shapes")
    sys.modules["volumen_shapes"].check = beartype(conf=BeartypeConf(is_pep484_tower=True))
    _hook = install_import_hook("volumen", "volumen_shapes.check").hook
    # Compiled loops cannot be checked; the command line has no arrays, and its signatures are read as they stand.
    _hook.should_instrument = lambda name: (
        name.split(".")[0] == "volumen" and not name.endswith("_kernels") and not name.startswith("volumen.cli")
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules stay: to look for garbage among them took a third of the time that their import takes."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def wait_for() -> Callable[..., None]:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], object], seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.02)

    return wait
