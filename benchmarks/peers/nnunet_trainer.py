"""nnU-Net's own trainer, set up from plans that describe our network; only its environment imports this."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import torch
from plain_unet import CLASSES, STAGES


def build_trainer(folder: Path, *, features: int, patch: int, batch: int, device: str = "cpu") -> Any:
    """A trainer with its default network wrapper, loss, optimiser and deep supervision."""
    os.environ |= {
        "nnUNet_raw": str(folder / "raw"),
        "nnUNet_preprocessed": str(folder / "preprocessed"),
        "nnUNet_results": str(folder / "results"),
    }
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    # The trainer tells the format of its data from the names of files, and asks for no more until it loads them.
    data = folder / "preprocessed" / "Dataset001_Bench" / "bench_3d"
    data.mkdir(parents=True)
    (data / "case.b2nd").touch()
    with contextlib.redirect_stdout(sys.stderr):
        trainer = nnUNetTrainer(
            describe_plans(features=features, patch=patch, batch=batch),
            "3d_fullres",
            0,
            {
                "channel_names": {"0": "noNorm"},
                "labels": {"background": 0, **{f"class{n}": n for n in range(1, CLASSES)}},
                "numTraining": 1,
                "file_ending": ".tif",
            },
            device=torch.device(device),
        )
        trainer.initialize()
    return trainer


def describe_plans(*, features: int, patch: int, batch: int) -> dict[str, Any]:
    """Plans as nnU-Net writes them, as far as a training step reads them."""
    configuration = {
        "data_identifier": "bench_3d",
        "batch_size": batch,
        "patch_size": [patch] * 3,
        "spacing": [1.0] * 3,
        "batch_dice": False,
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {
                "n_stages": STAGES,
                "features_per_stage": [min(features * 2**stage, 320) for stage in range(STAGES)],
                "conv_op": "torch.nn.modules.conv.Conv3d",
                "kernel_sizes": [[3, 3, 3]] * STAGES,
                "strides": [[1, 1, 1]] + [[2, 2, 2]] * (STAGES - 1),
                "n_conv_per_stage": [2] * STAGES,
                "n_conv_per_stage_decoder": [2] * (STAGES - 1),
                "conv_bias": True,
                "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                "norm_op_kwargs": {"eps": 1e-5, "affine": True},
                "dropout_op": None,
                "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU",
                "nonlin_kwargs": {"inplace": True},
            },
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
    }
    return {
        "continue_training": False,
        "dataset_name": "Dataset001_Bench",
        "plans_name": "nnUNetPlans",
        "label_manager": "LabelManager",
        "configurations": {"3d_fullres": configuration},
    }
