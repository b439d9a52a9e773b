"""A small wavy sheet: image, truth with a corner nobody looked at, and a prediction that errs a little."""

import numpy as np
import pytest

from volumen.viewing import Scene

IGNORED = 2


@pytest.fixture
def sheet(rng):
    z, y, x = np.indices((12, 20, 24))
    truth = (np.abs(y - 10 - 3 * np.sin(x / 5 + z / 9)) < 1.5).astype(np.uint8)
    image = (60 + 120 * truth + rng.normal(0, 10, truth.shape)).astype(np.float32)
    prediction = np.roll(truth, 1, axis=1)
    truth[:, :4, :4] = IGNORED
    return Scene(image, truth, prediction, ignore=IGNORED)
