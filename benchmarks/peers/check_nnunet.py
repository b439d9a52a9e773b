"""Whether our torch-only network is nnU-Net's, and its predictor runs: `…/bin/python benchmarks/peers/check_nnunet.py`.

Run it once in a new environment of nnU-Net's.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from infer import prepare_nnunet
from plain_unet import CLASSES, STAGES, load_network, save_weights
from torch import nn

FEATURES = 8


def main() -> None:
    """Compare logits of both networks, then let the predictor use theirs."""
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.pt"
        save_weights(weights, features=FEATURES)
        ours = load_network(weights)
    theirs = build_theirs()
    theirs.load_state_dict(rename_weights(ours.state_dict()))
    image = np.random.default_rng(0).standard_normal((48, 48, 48), np.float32)
    with torch.inference_mode():
        tile = torch.from_numpy(image[:32, :32, :32].copy())[None, None]
        apart = float((ours(tile) - theirs(tile)).abs().max())
    logits = prepare_nnunet(theirs, image, argparse.Namespace(tile=32, overlap=16))()
    print(f"largest difference of logits: {apart:.1e}; its predictor gives {logits.dtype} {logits.shape}")
    if apart > 1e-5 or not np.isfinite(logits).all():
        raise SystemExit("the networks differ")


def build_theirs() -> PlainConvUNet:
    """nnU-Net's plain U-Net of the same shape."""
    return PlainConvUNet(
        input_channels=1,
        n_stages=STAGES,
        features_per_stage=[FEATURES * 2**stage for stage in range(STAGES)],
        conv_op=nn.Conv3d,
        kernel_sizes=3,
        strides=[1] + [2] * (STAGES - 1),
        n_conv_per_stage=2,
        num_classes=CLASSES,
        n_conv_per_stage_decoder=2,
        conv_bias=True,
        norm_op=nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        deep_supervision=False,
    ).eval()


def rename_weights(ours: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights under every name that theirs registers them by."""
    twice = {}
    for name, value in ours.items():
        place = name.replace(".conv.", ".all_modules.0.").replace(".norm.", ".all_modules.1.")
        names = {name, place}
        if name.startswith("encoder."):
            names |= {f"decoder.{name}", f"decoder.{place}"}
        twice |= dict.fromkeys(names, value)
    return twice


if __name__ == "__main__":
    main()
