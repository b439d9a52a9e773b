import torch

from volumen.config import Component, files
from volumen.errors import ConfigError
from volumen.inference import load_model
from volumen.training import train_folds

SHORT = {"max_epochs": 1, "steps_per_epoch": 2}


def refuse(name):
    raise ConfigError(f"network {name!r} is MONAI's, which is missing")


def train(config, out):
    train_folds(config, out=out)
    return load_model(out / "fold_0" / files.MODEL, device="cpu").network


def test_channels_last_trains_the_same_network(make_config, tmp_path):
    # ill-conditioned weights would tell the order of additions; instance norm and SGD keep the difference small
    sections = {"network": {"normalisation": "instance"}, "optimizer": {"name": "sgd", "lr": 1e-3}}
    plain = train(make_config(sections, **SHORT), tmp_path / "plain")
    other = train(make_config(sections, **SHORT, channels_last=True), tmp_path / "other")
    for one, two in zip(plain.parameters(), other.parameters(), strict=True):
        assert (one - two).norm() <= 1e-4 * one.norm() + 1e-7


def test_compile_is_asked_of_the_network_once(make_config, tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr("volumen.training.setup.compile_network", compiled.append)
    train(make_config(**SHORT, compile=True), tmp_path / "run")
    assert [type(network).__name__ for network in compiled] == ["UNet"]


def test_a_network_that_this_machine_decided_is_written_down_and_built_again(make_config, tmp_path, monkeypatch):
    monkeypatch.setattr("volumen.networks.segresnet.load_monai", refuse)
    vista = Component(name="vista", options={"features": 4, "blocks": [1, 1, 1]})
    network = train(make_config(**SHORT).model_copy(update={"network": vista}), tmp_path / "run")
    assert type(network).__name__ == "UNet"
    assert "backbone: own" in (tmp_path / "run" / files.CONFIG).read_text()
    assert (
        "Network: vista (features=4, blocks=[1, 1, 1], backbone=own)"
        in (tmp_path / "run" / "fold_0" / files.LOG).read_text()
    )
    again = load_model(tmp_path / "run" / "fold_0" / files.MODEL, device="cpu").network
    image = torch.zeros(1, 1, 8, 8, 8)
    with torch.no_grad():
        assert torch.equal(again(image)["ball"][0], network(image)["ball"][0])
