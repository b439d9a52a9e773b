import pytest

from volumen.errors import ConfigError
from volumen.training.resume import check_same_run


def test_length_and_place_may_change(make_config):
    before = make_config()
    check_same_run(before, make_config({"data": {"num_workers": 2}, "logger": {"name": "tensorboard"}}, max_epochs=9))


def test_what_is_learnt_may_not(make_config):
    other = make_config({"network": {"features": 8}, "optimizer": {"lr": 1e-3}}, seed=1)
    with pytest.raises(ConfigError, match=r"\(network.features, optimizer.lr, training.seed\)"):
        check_same_run(make_config(), other)
