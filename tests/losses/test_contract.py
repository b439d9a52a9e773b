"""What every loss must do; a loss joins by a line in LOSSES."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch

from volumen.config import WeightedComponent, build_component
from volumen.heads import AffinitySpec, HeadSpec
from volumen.losses import LossContext, TruthMap
from volumen.losses.combine import LossSum
from volumen.losses.terms import Term

GENERATOR_SEED = 3
COMPASS = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]) * 4


@dataclass(frozen=True)
class Family:
    """Heads that losses are asked for, what these learn of labels, and the prediction that says just that."""

    heads: tuple[HeadSpec, ...]
    encode: Callable[[torch.Tensor, HeadSpec], torch.Tensor]
    predict: Callable[[torch.Tensor], torch.Tensor]


def encode_classes(labels, head):
    """One-hot of a softmax head; of a sigmoid head foreground, and the second class where it has two channels."""
    if head.activation == "softmax":
        return torch.nn.functional.one_hot(labels, head.channels).movedim(-1, 1).float()
    return torch.stack([labels > 0, labels > 1], 1)[:, : head.channels].float()


def encode_numbers(labels, head):
    channel = torch.arange(head.channels).view(1, -1, 1, 1, 1)
    return labels[:, None] - 0.5 * channel


def encode_directions(labels, head):
    """The same way everywhere."""
    return torch.tensor([0.6, 0.0, 0.8]).view(1, 3, 1, 1, 1).expand(len(labels), 3, *labels.shape[1:])


def encode_pairs(labels, head):
    """1 where a voxel and the next have the same label above 0; the last of each axis has no next."""
    pairs = [(labels == labels.roll(-1, axis)) & (labels > 0) for axis in (1, 2, 3)]
    for axis, pair in enumerate(pairs, 1):
        pair.narrow(axis, labels.shape[axis] - 1, 1).fill_(value=False)
    return torch.stack(pairs, 1).float()


NEXT = AffinitySpec(((1, 0, 0), (0, 1, 0), (0, 0, 1)))
FAMILIES = {
    "channels": Family(
        (HeadSpec("surface", 2, "sigmoid"), HeadSpec("cells", 3, "softmax", "classes")),
        encode_classes,
        lambda truth: 100 * (2 * truth - 1),
    ),
    "foreground": Family(
        (HeadSpec("surface", 1, "sigmoid"), HeadSpec("cells", 3, "softmax", "classes")),
        encode_classes,
        lambda truth: 100 * (2 * truth - 1),
    ),
    "numbers": Family((HeadSpec("shape", 6, "none", "structure_tensor"),), encode_numbers, lambda truth: truth),
    "number": Family((HeadSpec("distance", 1, "none", "distance"),), encode_numbers, lambda truth: truth),
    "directions": Family((HeadSpec("normals", 3, "none", "normals"),), encode_directions, lambda truth: 2 * truth),
    "pairs": Family(
        (HeadSpec("edges", 3, "sigmoid", "affinities", affinities=NEXT),),
        encode_pairs,
        lambda truth: 100 * (2 * truth - 1),
    ),
    "objects": Family(
        (HeadSpec("objects", 4, "none", "embedding"),),
        lambda labels, head: labels[:, None].float(),
        lambda truth: COMPASS[truth[:, 0].long()].movedim(-1, 1),
    ),
}

LOSSES = {
    "dice": ("channels", {}),
    "dice-sample": ("channels", {"name": "dice", "batch": False, "background": True}),
    "generalised_dice": ("channels", {}),
    "generalised_dice-sample": ("channels", {"name": "generalised_dice", "batch": False}),
    "tversky": ("channels", {"alpha": 0.3, "beta": 0.7}),
    "tversky-focal": ("channels", {"name": "tversky", "gamma": 1.5, "batch": False}),
    "variance": ("channels", {}),
    "cross_entropy": ("channels", {}),
    "cross_entropy-weighted": (
        "foreground",
        {"name": "cross_entropy", "class_weights": {1: [2.0], 3: [1.0, 2.0, 0.5]}},
    ),
    "cross_entropy-top": ("channels", {"name": "cross_entropy", "top": 0.3}),
    "balanced_cross_entropy": ("channels", {}),
    "focal": ("channels", {}),
    "focal-flat": ("channels", {"name": "focal", "gamma": 0.5, "alpha": 0.25}),
    "entropy": ("channels", {}),
    "neighbour_pooled": ("channels", {}),
    "neighbour_pooled-dice": ("channels", {"name": "neighbour_pooled", "loss": "dice", "radius": 2}),
    "boundary": ("foreground", {}),
    "surface_distance": ("foreground", {}),
    "hausdorff": ("foreground", {}),
    "cldice": ("channels", {}),
    "surface_dice": ("channels", {"iterations": 2}),
    "morphological_skeleton": ("channels", {}),
    "skeleton_recall": ("channels", {}),
    "cbdice": ("foreground", {"iterations": 2}),
    "critical_components": ("foreground", {}),
    "persistence": ("channels", {}),
    "betti_matching": ("channels", {}),
    "mse": ("numbers", {"foreground": 3.0}),
    "l1": ("numbers", {}),
    "smooth_l1": ("numbers", {"beta": 0.5}),
    "tensor": ("numbers", {}),
    "signed_distance": ("number", {"eikonal": 0.0}),
    "cosine": ("directions", {}),
    "cosine-either": ("directions", {"name": "cosine", "sign_invariant": True}),
    "normal_smoothness": ("directions", {}),
    "malis": ("pairs", {}),
    "discriminative": ("objects", {"norm": 0.0, "delta_d": 1.0}),
}
# They look at where p > ½: a prediction that is undecided everywhere is empty to them.
DECIDED = {"cbdice"}
CASES = [(name, head) for name, (family, _) in LOSSES.items() for head in FAMILIES[family].heads]


@dataclass
class Subject:
    """A loss, the head it is asked for, and a truth of two samples."""

    name: str
    head: HeadSpec
    labels: torch.Tensor
    make_maps: Callable[..., dict]

    @property
    def family(self):
        return FAMILIES[LOSSES[self.name][0]]

    @property
    def loss(self):
        options = {"name": self.name} | LOSSES[self.name][1]
        weights = options.get("class_weights")
        options |= {"class_weights": weights[self.head.channels]} if weights else {}
        return build_component("loss", WeightedComponent.model_validate(options))

    @property
    def truth(self):
        return self.family.encode(self.labels, self.head)

    @property
    def perfect(self):
        return self.family.predict(self.truth)

    def draw(self):
        shape = (len(self.labels), self.head.channels, *self.labels.shape[1:])
        return torch.randn(shape, generator=torch.Generator().manual_seed(GENERATOR_SEED))

    def judge(self, prediction, weight=None, truth=None, maps=None):
        weight = torch.ones(self.labels.shape).unsqueeze(1) if weight is None else weight
        maps = self.make_maps(self.labels, weight) if maps is None else maps
        context = LossContext(self.head, maps={target.name: maps[target.name] for target in self.loss.maps})
        return self.loss(prediction, self.truth if truth is None else truth, weight, context)

    def with_labels(self, labels):
        return Subject(self.name, self.head, labels, self.make_maps)


def draw_labels(edge=6):
    """A sheet with a hole and a rod, and another of each: no voxel alone, so that all have skeletons."""
    labels = torch.zeros(2, edge, edge, edge, dtype=torch.int64)
    labels[0, 1:3], labels[0, 1:3, 2, 2], labels[0, 4, 4] = 1, 0, 2
    labels[1, :, 1], labels[1, 2:4, 3:5] = 1, 2
    return labels


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1].activation}")
def subject(request, make_maps):
    name, head = request.param
    return Subject(name, head, draw_labels(), make_maps)


def test_the_truth_itself_costs_nothing(subject):
    assert subject.judge(subject.perfect).abs() < 1e-5


def test_any_other_prediction_costs_something(subject):
    assert subject.judge(subject.draw()) > 1e-3


def test_the_cost_falls_all_the_way_to_the_truth(subject):
    start = 0 * subject.perfect if subject.head.activation != "none" else subject.draw()
    ways = (0.0, 0.003, 0.01, 0.03, 0.1, 1.0) if subject.head.activation != "none" else (0.0, 0.25, 0.5, 0.75, 1.0)
    ways = ways[1:] if subject.name in DECIDED else ways
    costs = [float(subject.judge(start + way * (subject.perfect - start))) for way in ways]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1]


def test_a_step_down_the_gradient_lowers_the_cost(subject):
    prediction = subject.draw().requires_grad_()
    before = subject.judge(prediction)
    (gradient,) = torch.autograd.grad(before, prediction)
    assert subject.judge(prediction.detach() - 0.1 * gradient / gradient.norm()) < before


def test_a_patch_that_nobody_looked_at_costs_nothing_and_moves_nothing(subject):
    prediction = torch.zeros_like(subject.draw()).requires_grad_()
    cost = subject.judge(prediction, torch.zeros(2, 1, 6, 6, 6), torch.zeros_like(subject.truth))
    cost.backward()
    assert cost == 0
    assert torch.equal(prediction.grad, torch.zeros_like(prediction))


def test_nothing_under_the_ignore_changes_cost_or_gradient(subject):
    weight = torch.ones(2, 1, 6, 6, 6)
    weight[:, :, 2:4] = 0
    results = []
    for disturbance in (0.0, 30.0):
        disturbed = (subject.draw() + disturbance * (1 - weight)).requires_grad_()
        cost = subject.judge(disturbed, weight, subject.truth * weight)
        cost.backward()
        results.append((cost.detach(), disturbed.grad))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
    assert not results[0][1][:, :, 2:4].any()


def test_a_sample_that_nobody_looked_at_does_not_dilute_the_others(subject):
    weight = torch.ones(2, 1, 6, 6, 6)
    weight[1] = 0
    alone = subject.with_labels(subject.labels[:1]).judge(subject.draw()[:1])
    torch.testing.assert_close(subject.judge(subject.draw(), weight, subject.truth * weight), alone)


@pytest.mark.parametrize("label", [0, 1], ids=["empty", "full"])
@pytest.mark.parametrize("number", [-1e4, 0.0, 1e4])
def test_empty_and_full_patches_and_extreme_predictions_stay_finite(subject, label, number):
    uniform = subject.with_labels(torch.full_like(subject.labels, label))
    prediction = torch.zeros_like(uniform.draw())
    prediction[:, -1] = number
    prediction.requires_grad_()
    cost = uniform.judge(prediction)
    cost.backward()
    assert cost.isfinite()
    assert cost >= 0
    assert prediction.grad.isfinite().all()


def test_flipping_prediction_and_truth_together_changes_nothing(subject):
    if subject.name == "malis":
        pytest.skip("the other voxel of an edge is on the other side then")
    flipped = subject.with_labels(subject.labels.flip(1, 3))
    maps = {
        name: TruthMap(*(part.flip(2, 4) for part in pair)) for name, pair in subject.make_maps(subject.labels).items()
    }
    torch.testing.assert_close(flipped.judge(subject.draw().flip(2, 4), maps=maps), subject.judge(subject.draw()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_judged_in_float32_with_finite_gradients(subject, dtype):
    losses = LossSum(
        (Term(subject.name, subject.head, subject.loss, 1.0, maps={m.name: m.name for m in subject.loss.maps}),)
    )
    weight = torch.ones(2, 1, 6, 6, 6)
    targets = {name: tuple(values) for name, values in subject.make_maps(subject.labels).items()}
    targets[subject.head.name] = (subject.truth, weight)
    prediction = (8 * subject.draw()).to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype=dtype):
        report = losses({subject.head.name: [prediction]}, targets)
    report.total.backward()
    assert report.total.dtype == torch.float32
    assert torch.equal(report.total, losses({subject.head.name: [prediction.detach().float()]}, targets).total)
    assert prediction.grad.isfinite().all()


@pytest.mark.gpu
def test_a_gpu_judges_as_the_processor_does(subject):
    weight = torch.ones(2, 1, 6, 6, 6)
    context = LossContext(subject.head, maps=subject.make_maps(subject.labels))
    costs = []
    for device in ("cpu", "cuda"):
        maps = {name: TruthMap(*(part.to(device) for part in pair)) for name, pair in context.maps.items()}
        prediction = subject.draw().to(device).requires_grad_()
        compared = (prediction, subject.truth.to(device), weight.to(device))
        cost = subject.loss(*compared, replace(context, maps=maps, voxel_size=torch.ones(2, 3, device=device)))
        cost.backward()
        costs.append((cost.detach().cpu(), prediction.grad.cpu()))
    torch.testing.assert_close(costs[1], costs[0], rtol=1e-4, atol=1e-5)
