"""What a GPU predicts; needs one."""

import numpy as np
import pytest
import torch

from volumen.geometry import Box
from volumen.inference import Compute, Tiling, load_model, predict_array, predict_volume

pytestmark = pytest.mark.gpu
TILING = Tiling(batch=2)


@pytest.fixture
def on_gpu(model_folders):
    return [load_model(folder, device="cuda") for folder in model_folders]


def test_half_precision_is_near_the_processor(on_gpu, models, source, tmp_path):
    there = predict_volume(on_gpu, source, tmp_path / "gpu.zarr", tiling=TILING).read()
    here = predict_volume(models, source, tmp_path / "cpu.zarr", tiling=TILING).read()
    np.testing.assert_allclose(there, here, atol=5e-3)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_regions_and_repeats_do_not_change_a_bit(on_gpu, source, tmp_path, precision, layout):
    parts = Compute(precision=precision, layout=layout, region=(16, 16))
    whole = Compute(precision=precision, layout=layout)
    computes = {"parts": parts, "whole": whole, "again": whole}
    bytes_of = {
        name: predict_volume(on_gpu, source, tmp_path / f"{name}.zarr", tiling=TILING, compute=compute).read().tobytes()
        for name, compute in computes.items()
    }
    assert len(set(bytes_of.values())) == 1


def test_a_region_of_interest_has_the_numbers_of_the_whole(on_gpu, source, tmp_path):
    roi = Box((5, 3, 10), (27, 33, 29))
    whole = predict_volume(on_gpu, source, tmp_path / "whole.zarr", tiling=TILING)
    part = predict_volume(on_gpu, source, tmp_path / "part.zarr", tiling=TILING, roi=roi)
    assert part.read().tobytes() == whole.read(box=roi).tobytes()


def test_an_array_comes_back_whole(rng):
    image = rng.random((40, 33, 29), np.float32)
    doubled = predict_array(torch.nn.Conv3d(1, 1, 1).cuda(), image, tile=16, overlap=4, batch=3)
    assert doubled.shape == image.shape
    assert np.isfinite(doubled).all()


def test_an_error_of_the_network_comes_out(rng):
    class Broken(torch.nn.Conv3d):
        def forward(self, image):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        predict_array(Broken(1, 1, 1).cuda(), rng.random((20, 20, 20), np.float32), tile=8, overlap=2)
