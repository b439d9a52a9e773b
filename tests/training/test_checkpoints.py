import pickle

import pytest
import torch

from volumen.errors import ModelError, OutputError
from volumen.training.checkpoints import copy_checkpoint, read_checkpoint, write_checkpoint


class Bomb:
    def __reduce__(self):
        return print, ("code ran",)


def test_tensors_and_plain_values_come_back(tmp_path):
    write_checkpoint(tmp_path / "a.ckpt", {"weights": {"w": torch.arange(3)}, "epoch": 4})
    copy_checkpoint(tmp_path / "a.ckpt", tmp_path / "b.ckpt")
    read = read_checkpoint(tmp_path / "b.ckpt")
    assert read["epoch"] == 4
    assert read["weights"]["w"].tolist() == [0, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ckpt", "b.ckpt"]


def write_foreign(path):
    torch.save({"state_dict": {}}, path)


def write_bomb(path):
    torch.save({"format": "volumen-checkpoint", "version": 1, "x": Bomb()}, path)


def write_pickle(path):
    path.write_bytes(pickle.dumps(Bomb()))


def write_truncated(path):
    write_checkpoint(path, {"weights": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:2000])


def write_damaged(path):
    write_checkpoint(path, {"weights": torch.zeros(10)})
    whole = bytearray(path.read_bytes())
    whole[60:200] = bytes(140)
    path.write_bytes(whole)


def write_newer(path):
    torch.save({"format": "volumen-checkpoint", "version": 99}, path)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: None, "there is no checkpoint"),
        (lambda path: path.touch(), "truncated or no checkpoint"),
        (write_truncated, "truncated or no checkpoint"),
        (write_damaged, "damaged|holds code"),
        (write_pickle, "truncated or no checkpoint"),
        (write_bomb, "holds code"),
        (write_foreign, "another program"),
        (write_newer, "version 99"),
    ],
)
def test_what_is_no_checkpoint_of_ours_is_refused_in_one_line(tmp_path, capsys, write, says):
    path = tmp_path / "last.ckpt"
    write(path)
    with pytest.raises(ModelError, match=says) as caught:
        read_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert "code ran" not in capsys.readouterr().out


def test_a_full_disk_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    def fill(values, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    path = tmp_path / "last.ckpt"
    write_checkpoint(path, {"epoch": 1})
    monkeypatch.setattr(torch, "save", fill)
    with pytest.raises(OutputError, match="No space left on device"):
        write_checkpoint(path, {"epoch": 2})
    assert read_checkpoint(path)["epoch"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.ckpt"]
