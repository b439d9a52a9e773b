import numpy as np
import tifffile

from volumen.config import Component
from volumen.data import IGNORE, Case, Frame, fit_normalisations, read_case
from volumen.geometry import Box


def test_a_case_is_read_whole_as_its_patches_are(tmp_path, rng):
    image, labels = rng.integers(0, 255, (6, 7, 8), np.uint8), rng.integers(0, 4, (6, 7, 8)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "image.tif", image)
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    frame = Frame(crop=Box((1, 0, 2), (6, 7, 8)))
    case = Case("case", str(tmp_path / "image.tif"), {"cells": str(tmp_path / "labels.tif")}, frame=frame)
    maps = fit_normalisations([case], Component(name="range", options={"low": 0, "high": 255}))

    whole = read_case(case, "cells", intensities=maps["case"], ignore=3)

    np.testing.assert_allclose(whole.image[0], image[1:, :, 2:] / 255, atol=1e-6)
    np.testing.assert_array_equal(whole.labels, np.where(labels == 3, IGNORE, labels.astype(np.int64))[1:, :, 2:])
    assert (read_case(case, "none", intensities=maps["case"], ignore=None).labels == IGNORE).all()
