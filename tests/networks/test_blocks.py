import torch

from volumen.networks.attention import SqueezeExcitation
from volumen.networks.blocks import ResidualBlock, Resize, build_upsampling
from volumen.networks.layers import Layers

CUBE = (3, 3, 3)


def test_a_constant_enlarged_is_the_same_constant_up_to_every_border():
    # the fixed transposed convolution of another toolkit makes 2 of 1 and darkens borders
    enlarged = Resize((2, 2, 2))(torch.ones(1, 2, 3, 4, 5))
    assert enlarged.shape == (1, 2, 6, 8, 10)
    assert torch.equal(enlarged, torch.ones_like(enlarged))


def test_a_ramp_enlarged_is_a_ramp_and_no_staircase():
    ramp = torch.arange(4.0).reshape(1, 1, 4, 1, 1).expand(1, 1, 4, 2, 2)
    enlarged = Resize((2, 1, 1))(ramp)[0, 0, :, 0, 0]
    torch.testing.assert_close(enlarged, torch.tensor([0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]))


def test_mixing_channels_before_enlarging_is_mixing_them_after():
    step = build_upsampling(4, 2, Layers(upsampling="resize"), stride=(1, 2, 2))
    features = torch.randn(1, 4, 3, 4, 4)
    torch.testing.assert_close(step(features), step[0](step[1](features)))


def test_channels_are_weighed_by_what_an_image_holds_behind_an_instance_norm_too():
    # behind the norm every image has the same means, and weights that looked there would be the same for all
    torch.manual_seed(0)
    block = ResidualBlock(8, 8, Layers("residual", squeeze_excitation=True), kernel=CUBE, stride=(1, 1, 1)).eval()
    weights = []
    block.excitation.weigh.register_forward_hook(lambda *given: weights.append(given[-1]))
    with torch.no_grad():
        block(torch.randn(1, 8, 4, 4, 4))
        block(torch.randn(1, 8, 4, 4, 4) + 3)
    assert not torch.allclose(*weights, atol=1e-4)


def test_weights_of_channels_lie_between_none_and_all():
    excitation = SqueezeExcitation(4)
    features = torch.rand(2, 4, 3, 3, 3)
    weighed = excitation(features, features)
    assert (weighed >= 0).all()
    assert (weighed <= features).all()
