import pytest
import torch
from torch import nn

from volumen.errors import ConfigError
from volumen.losses import FixedBalance, GradNormBalance, UncertaintyBalance

TERMS = {"ink/dice": "ink", "ink/focal": "ink", "normals/cosine": "normals"}
START = torch.zeros(())


def make_costs(**values):
    return {name.replace("_", "/"): torch.tensor(value) for name, value in values.items()}


class TwoHeads(nn.Module):
    """Two numbers from one shared weight and one of their own each."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Parameter(torch.tensor([[2.0]]))
        self.ink = nn.Parameter(torch.tensor([[1.0]]))
        self.normals = nn.Parameter(torch.tensor([[10.0]]))

    def cost(self):
        return {
            "ink/dice": (self.shared * self.ink).sum(),
            "normals/cosine": (self.shared * self.normals).sum(),
        }


def test_fixed_is_the_plain_sum():
    balance = FixedBalance(TERMS)
    assert balance(make_costs(ink_dice=1.0, ink_focal=2.0, normals_cosine=4.0), START) == 7
    assert balance.read_weights() == {}
    assert list(balance.state_dict()) == []


def test_uncertainty_is_its_formula():
    balance = UncertaintyBalance(TERMS)
    with torch.no_grad():
        balance.log_variances.copy_(torch.tensor([1.0, -2.0]))
    total = balance(make_costs(ink_dice=1.0, ink_focal=2.0, normals_cosine=4.0), START)
    expected = 3 * torch.tensor(-1.0).exp() + 0.5 + 4 * torch.tensor(2.0).exp() - 1
    torch.testing.assert_close(total, expected)


def test_uncertainty_begins_with_the_recipes_weights():
    costs = make_costs(ink_dice=1.0, ink_focal=2.0, normals_cosine=4.0)
    assert UncertaintyBalance(TERMS)(costs, START) == FixedBalance(TERMS)(costs, START)


def test_a_part_that_stays_expensive_comes_to_count_less():
    balance = UncertaintyBalance(TERMS, over="losses")
    optimiser = torch.optim.SGD(balance.parameters(), lr=0.1)
    for _ in range(400):
        optimiser.zero_grad()
        balance(make_costs(ink_dice=0.5, ink_focal=5.0, normals_cosine=0.05), START).backward()
        optimiser.step()
    weights = {name: float(weight) for name, weight in balance.read_weights().items()}
    assert weights == pytest.approx({"ink/dice": 1.0, "ink/focal": 0.1, "normals/cosine": 10.0}, rel=0.01)  # 1 / (2 L)


def test_what_is_not_due_moves_nothing():
    balance = UncertaintyBalance(TERMS)
    balance(make_costs(ink_dice=3.0), START).backward()
    assert balance.log_variances.grad.tolist() == [-2.5, 0.0]
    UncertaintyBalance(TERMS)({}, START).backward()


def test_gradnorm_takes_the_step_of_its_formula():
    balance, network = GradNormBalance(TERMS, alpha=1.5, rate=0.1), TwoHeads()
    costs = network.cost()
    balance.learn(costs, network.parameters())
    # both parts lag alike at first; the norms are 1 and 10, their mean 5.5
    expected = torch.tensor([1 + 0.1 * 1 / 5.5, 1 - 0.1 * 10 / 5.5])
    torch.testing.assert_close(balance.weights, expected * 2 / expected.sum())
    assert balance(costs, START) == balance.weights[0] * 2 + balance.weights[1] * 20


def test_gradnorm_brings_parts_to_pull_alike():
    balance, network = GradNormBalance(TERMS, alpha=0.0, rate=0.02), TwoHeads()
    for _ in range(300):
        balance.learn(network.cost(), network.parameters())
    pull = balance.weights * torch.tensor([1.0, 10.0])
    assert float(pull[0] / pull[1]) == pytest.approx(1, rel=0.15)
    assert float(balance.weights.sum()) == pytest.approx(2)


def test_what_lags_behind_is_favoured():
    balance = GradNormBalance(TERMS, alpha=1.0, rate=0.01)
    due = torch.tensor([0, 1])
    balance._update(due, torch.tensor([1.0, 1.0]), torch.tensor([1.0, 1.0]))
    balance._update(due, torch.tensor([1.0, 1.0]), torch.tensor([0.2, 1.0]))
    assert balance.weights[1] > balance.weights[0]


def test_gradnorm_goes_on_where_it_was_saved():
    network, balance, other = TwoHeads(), GradNormBalance(TERMS), GradNormBalance(TERMS)
    balance.learn(network.cost(), network.parameters())
    other.load_state_dict(balance.state_dict())
    for one in (balance, other):
        one.learn(network.cost(), network.parameters())
    assert torch.equal(balance.weights, other.weights)


def test_the_last_weights_that_all_share_are_looked_at():
    network = TwoHeads()
    balance = GradNormBalance(TERMS | {"ink/focal": "ink"}, over="losses")
    costs = network.cost()
    both_of_ink = {"ink/dice": costs["ink/dice"], "ink/focal": 2 * costs["ink/dice"]}
    balance.learn(both_of_ink, network.parameters())
    balance.learn(costs, network.parameters())
    assert set(balance._shared.values()) == {0, 1}


def test_heads_that_share_nothing_are_refused():
    networks = TwoHeads(), TwoHeads()
    costs = {"ink/dice": networks[0].cost()["ink/dice"], "normals/cosine": networks[1].cost()["normals/cosine"]}
    with pytest.raises(ConfigError, match="needs weights that all heads share"):
        GradNormBalance(TERMS).learn(costs, [*networks[0].parameters(), *networks[1].parameters()])


@pytest.mark.parametrize("balance", [UncertaintyBalance, GradNormBalance])
def test_a_lone_part_has_nothing_to_be_balanced_with(balance):
    with pytest.raises(ConfigError, match="one part only, 'ink'"):
        balance({"ink/dice": "ink", "ink/focal": "ink"})
    assert balance({"ink/dice": "ink", "ink/focal": "ink"}, over="losses").names == ("ink/dice", "ink/focal")
