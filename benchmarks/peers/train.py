"""One engine takes training steps; the last line printed is its figures as JSON. Run by `benchmarks/training.py`."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from measuring import measure
from plain_unet import CLASSES, STAGES, PlainUnet
from torch import Tensor
from torch.nn import functional

Step = Callable[[], object]
WARM_UP = 2


def main() -> None:
    """Measure the steps of one engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--features", type=int, required=True)
    parser.add_argument("--patch", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        options.folder = Path(folder)
        step = ENGINES[options.engine](options)
        for _ in range(WARM_UP):
            step()
        runs = [measure(step)[1] for _ in range(options.steps)]
    print(json.dumps({key: median(run[key] for run in runs) for key in runs[0]}))


def prepare_bare(options: argparse.Namespace) -> Step:
    """What nnU-Net's step does, in plain torch: same network, losses, scales, optimiser and clipping."""
    network = PlainUnet(options.features).train()
    optimizer = torch.optim.SGD(network.parameters(), 1e-2, weight_decay=3e-5, momentum=0.99, nesterov=True)
    image, scales = draw_batch(options)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = sum_scales(network(image), scales)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 12)
        optimizer.step()
        return float(loss.detach())

    return step


def prepare_nnunet(options: argparse.Namespace) -> Step:
    """`nnUNetTrainer.train_step` as it stands."""
    from nnunet_trainer import build_trainer

    trainer = build_trainer(options.folder, features=options.features, patch=options.patch, batch=options.batch)
    trainer.network.train()
    image, scales = draw_batch(options)
    return lambda: trainer.train_step({"data": image, "target": [labels.float() for labels in scales]})


def draw_batch(options: argparse.Namespace) -> tuple[Tensor, list[Tensor]]:
    """An image and its labels at every scale with an output, the finest first: `b 1 z y x`."""
    generator = torch.Generator().manual_seed(0)
    shape = (options.batch, 1, *[options.patch] * 3)
    labels = torch.randint(CLASSES, shape, generator=generator)
    scales = [labels[..., :: 2**k, :: 2**k, :: 2**k] for k in range(STAGES - 1)]
    return torch.randn(shape, generator=generator), scales


def sum_scales(outputs: list[Tensor], scales: list[Tensor]) -> Tensor:
    """Cross-entropy and Dice of every scale, halved from each to the next and left out at the coarsest."""
    weights = [2.0**-index for index in range(len(outputs) - 1)]
    losses = [
        weight * (functional.cross_entropy(logits, labels[:, 0]) + score_dice_loss(logits, labels))
        for weight, logits, labels in zip(weights, outputs, scales, strict=False)
    ]
    return torch.stack(losses).sum() / sum(weights)


def score_dice_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Minus the mean Dice of the classes but the background."""
    probability = logits.softmax(1)[:, 1:]
    truth = torch.cat([labels == index for index in range(1, CLASSES)], 1).float()
    axes = (2, 3, 4)
    overlap = (probability * truth).sum(axes)
    return -((2 * overlap + 1e-5) / (probability.sum(axes) + truth.sum(axes) + 1e-5)).mean()


ENGINES = {"bare": prepare_bare, "nnunet": prepare_nnunet}

if __name__ == "__main__":
    main()
