"""One engine takes training steps; the last line printed is its figures as JSON. Run by `benchmarks/training.py`."""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch
from measuring import Figures, Stopwatch, measure
from plain_unet import CLASSES, STAGES, PlainUnet
from torch import Tensor
from torch.nn import functional

WARM_UP = 2
SCALER = torch.amp.GradScaler("cuda", enabled=torch.cuda.is_available())


def main() -> None:
    """Measure the steps of one engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--features", type=int, required=True)
    parser.add_argument("--patch", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    with TemporaryDirectory() as folder:
        options.folder = Path(folder)
        runs = ENGINES[options.engine](options)
    figures = {key: median(run[key] for run in runs) for key in runs[0]}
    figures["gpu_mib"] = 0 if options.device == "cpu" else torch.cuda.max_memory_allocated() / 2**20
    print(json.dumps(figures))


def run_bare(options: argparse.Namespace) -> list[Figures]:
    """What nnU-Net's step does, in plain torch: same network, losses, scales, optimiser and clipping."""
    network = PlainUnet(options.features).to(options.device).train()
    optimizer = torch.optim.SGD(network.parameters(), 1e-2, weight_decay=3e-5, momentum=0.99, nesterov=True)
    image, scales = draw_batch(options)

    def step() -> None:
        with cast(options):
            loss = sum_scales(network(image), scales)
        take_step(optimizer, loss, network)

    return measure_steps(step, options)


def run_nnunet(options: argparse.Namespace) -> list[Figures]:
    """`nnUNetTrainer.train_step` as it stands."""
    from nnunet_trainer import build_trainer

    shape = {"features": options.features, "patch": options.patch, "batch": options.batch}
    trainer = build_trainer(options.folder, **shape, device=options.device)
    trainer.network.train()
    image, scales = draw_batch(options)
    batch = {"data": image, "target": [labels.float() for labels in scales]}
    return measure_steps(lambda: trainer.train_step(batch), options)


def run_house_bare(options: argparse.Namespace) -> list[Figures]:
    """Our network, targets, losses and optimiser in a loop of plain torch."""
    from house import build_learner

    from volumen.losses import Moment

    image, scales = draw_batch(options)
    learner, sample = build_learner(options, image, scales[0][:, 0])
    learner.to(options.device).train()
    optimizer = learner.configure_optimizers()

    def step() -> None:
        with cast(options):
            loss = learner.judge(sample, Moment()).total
        take_step(optimizer, loss, learner)

    return measure_steps(step, options)


def run_house(options: argparse.Namespace) -> list[Figures]:
    """The same as training does it, on Lightning; a step lasts from one batch being asked for to the next."""
    from house import build_learner, fit

    image, scales = draw_batch(options)
    learner, sample = build_learner(options, image, scales[0][:, 0])
    watch = Stopwatch()

    def give_batches() -> Iterator[object]:
        for _ in range(WARM_UP + options.steps + 2):
            wait_for_gpu(options)
            watch.note()
            yield sample

    fit(learner, give_batches(), count=WARM_UP + options.steps + 2, folder=options.folder, device=options.device)
    return watch.read()[WARM_UP:-1]


def cast(options: argparse.Namespace) -> torch.autocast:
    """Half precision on a GPU, as nnU-Net trains there; none on a CPU."""
    return torch.autocast(options.device, dtype=torch.float16, enabled=options.device == "cuda")


def take_step(optimizer: torch.optim.Optimizer, loss: Tensor, network: torch.nn.Module) -> None:
    """Gradients, clipped, and a step; on a GPU scaled so that half precision holds them."""
    optimizer.zero_grad(set_to_none=True)
    SCALER.scale(loss).backward()
    SCALER.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(network.parameters(), 12)
    SCALER.step(optimizer)
    SCALER.update()


def measure_steps(step: Callable[[], object], options: argparse.Namespace) -> list[Figures]:
    """Figures of every step but the first two."""
    for _ in range(WARM_UP):
        step()
    return [measure(lambda: (step(), wait_for_gpu(options)))[1] for _ in range(options.steps)]


def wait_for_gpu(options: argparse.Namespace) -> None:
    """Until it has nothing left to do."""
    if options.device == "cuda":
        torch.cuda.synchronize()


def draw_batch(options: argparse.Namespace) -> tuple[Tensor, list[Tensor]]:
    """An image and its labels at every scale with an output, the finest first: `b 1 z y x`."""
    generator = torch.Generator().manual_seed(0)
    shape = (options.batch, 1, *[options.patch] * 3)
    labels = torch.randint(CLASSES, shape, generator=generator)
    scales = [labels[..., :: 2**k, :: 2**k, :: 2**k].to(options.device) for k in range(STAGES - 1)]
    return torch.randn(shape, generator=generator).to(options.device), scales


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


ENGINES = {"bare": run_bare, "nnunet": run_nnunet, "house_bare": run_house_bare, "house": run_house}

if __name__ == "__main__":
    main()
