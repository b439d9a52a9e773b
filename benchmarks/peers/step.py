"""One network in a process of its own: parameters, and what a forward and a training step of a patch cost.

python step.py OURS|MONAI|DNA NAME --options JSON --size 64; DNA is dynamic-network-architectures, which nnU-Net brings.
"""

import argparse
import importlib
import json
from typing import Any

import torch
from measuring import measure

CLASSES = 2


def main() -> None:
    """Print the figures as JSON."""
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network = BUILDERS[options.family](options.name, json.loads(options.options), options.size)
    image = torch.randn(1, 1, options.size, options.size, options.size)
    figures = {"parameters": sum(parameter.numel() for parameter in network.parameters())}
    _, forward = measure(lambda: predict(network, image))
    _, step = measure(lambda: learn(network, image))
    figures |= {"forward_cpu_s": forward["cpu_s"], "step_cpu_s": step["cpu_s"]}
    figures["peak_mib"] = step["peak_mib"] - forward["before_mib"]
    if options.family == "ours":
        figures["forecast_mib"] = forecast(network, options.size)
    print(json.dumps(figures))


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=list(BUILDERS))
    parser.add_argument("name")
    parser.add_argument("--options", default="{}")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def predict(network: torch.nn.Module, image: torch.Tensor) -> None:
    """One forward without gradients."""
    with torch.inference_mode():
        network.eval()(image)


def learn(network: torch.nn.Module, image: torch.Tensor) -> None:
    """One forward and backward of every map that training gives."""
    sum(level.square().mean() for level in list_tensors(network.train()(image))).backward()


def list_tensors(result: Any) -> list[torch.Tensor]:
    """The maps of a network, whatever it wraps them in."""
    if isinstance(result, torch.Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result
    return [tensor for part in parts for tensor in list_tensors(part)]


def build_ours(name: str, options: dict[str, Any], size: int) -> torch.nn.Module:
    """A network of a recipe."""
    from volumen.config import Component
    from volumen.heads import HeadSpec
    from volumen.networks import build_network

    heads = [HeadSpec("surface", CLASSES, "softmax")]
    return build_network(Component(name=name, options=options), heads=heads, channels=1, patch_size=(size,) * 3)


def build_monai(name: str, options: dict[str, Any], size: int) -> torch.nn.Module:
    """A network of MONAI by the name of its class."""
    nets = importlib.import_module("monai.networks.nets")
    if name == "UNETR":
        options |= {"img_size": size}
    return getattr(nets, name)(in_channels=1, out_channels=CLASSES, **options)


def build_dna(name: str, options: dict[str, Any], size: int) -> torch.nn.Module:
    """A U-Net of dynamic-network-architectures as nnU-Net plans it for such a patch."""
    from torch import nn

    unet = importlib.import_module("dynamic_network_architectures.architectures.unet")
    poolings = size.bit_length() - 3
    stages = poolings + 1
    blocks = {"n_conv_per_stage": 2} if name == "PlainConvUNet" else {"n_blocks_per_stage": [1, 3, 4, 6, 6, 6][:stages]}
    return getattr(unet, name)(
        input_channels=1,
        n_stages=stages,
        features_per_stage=[min(32 * 2**stage, 320) for stage in range(stages)],
        conv_op=nn.Conv3d,
        kernel_sizes=3,
        strides=[1] + [2] * poolings,
        num_classes=CLASSES,
        n_conv_per_stage_decoder=2 if name == "PlainConvUNet" else 1,
        conv_bias=True,
        norm_op=nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        **blocks,
        **options,
    )


def forecast(network: Any, size: int) -> float:
    """MiB that the planner expects of activations and gradients of a step."""
    from volumen.networks import forecast_memory

    return forecast_memory(network, (size,) * 3).step / 2**20


BUILDERS = {"ours": build_ours, "monai": build_monai, "dna": build_dna}

if __name__ == "__main__":
    main()
