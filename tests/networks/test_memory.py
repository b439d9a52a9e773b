import pytest
import torch
from torch import nn

from volumen.config import Component
from volumen.heads import HeadSpec
from volumen.networks import Network, build_network, forecast_memory, observe_memory

HEADS = (HeadSpec("surface", 2, "softmax"),)
CUBE = (16, 16, 16)
FLOAT = 4


class Doubler(Network):
    """A convolution to two channels, and an activation in its place."""

    def __init__(self):
        super().__init__(channels=1, heads=HEADS)
        self.convolution = nn.Conv3d(1, 2, 1)
        self.activation = nn.ReLU(inplace=True)

    @property
    def divisor(self):
        return (1, 1, 1)

    def forward(self, image):
        return {"surface": [self.activation(self.convolution(image))]}


def test_bytes_of_a_network_of_one_convolution_are_those_counted_by_hand():
    voxels, weights = 3 * 16**3, 2 + 2
    memory = forecast_memory(Doubler(), CUBE, batch=3)
    assert memory.weights == weights * FLOAT
    assert memory.optimizer == 2 * weights * FLOAT
    assert memory.activations == 2 * voxels * FLOAT  # what the activation left in the convolution's place
    assert memory.forward == (1 + 2) * voxels * FLOAT  # the image and that
    assert memory.prediction == memory.weights + memory.forward
    assert memory.step >= memory.forward


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("unet", {"features": 4, "depth": 2}),
        ("planned_unet", {"features": 4}),
        ("residual_unet", {"features": 4, "depth": 2, "checkpointing": True, "attention_gates": True}),
        ("rsunet", {"features": [4, 8, 8]}),
        ("mednext", {"features": 4}),
        ("segresnet", {"features": 4}),
        ("unetr", {"features": 4, "hidden": 12}),
    ],
)
def test_what_is_predicted_is_what_a_step_takes(name, options):
    size = (32, 32, 32)
    network = build_network(Component(name=name, options=options), heads=HEADS, channels=1, patch_size=size)
    predicted, measured = forecast_memory(network, size, batch=2), observe_memory(network, size, batch=2)
    assert predicted.activations == pytest.approx(measured.activations, rel=0.02)
    assert predicted.training == pytest.approx(measured.training, rel=0.05)
    assert predicted.prediction == pytest.approx(measured.prediction, rel=0.05)


def test_checkpointing_is_predicted_to_take_less():
    plain, frugal = (
        build_network(
            Component(name="unet", options={"features": 8, "depth": 3, "checkpointing": checkpointing}),
            heads=HEADS,
            channels=1,
            patch_size=(64, 64, 64),
        )
        for checkpointing in (False, True)
    )
    expected, found = forecast_memory(plain, (64, 64, 64)), forecast_memory(frugal, (64, 64, 64))
    assert found.activations < 0.5 * expected.activations
    assert found.forward == expected.forward


def test_a_prediction_leaves_the_network_as_it_was():
    network = Doubler().eval()
    before = network.convolution.weight.clone()
    forecast_memory(network, CUBE)
    assert not network.training
    assert torch.equal(network.convolution.weight, before)
    assert network.convolution.weight.grad is None


def test_a_forecast_prints_a_line_a_part():
    lines = str(forecast_memory(Doubler(), CUBE)).splitlines()
    assert [line[:18].strip() for line in lines] == [
        "weights",
        "optimiser",
        "activations",
        "training in all",
        "prediction in all",
    ]


@pytest.mark.gpu
def test_what_is_predicted_is_near_what_a_gpu_takes():
    size = (64, 64, 64)
    network = build_network(Component(name="planned_unet"), heads=HEADS, channels=1, patch_size=size)
    predicted, measured = forecast_memory(network, size, batch=2), observe_memory(network.cuda(), size, batch=2)
    assert predicted.training == pytest.approx(measured.training, rel=0.3)
