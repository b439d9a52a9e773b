import csv
import importlib.util

import numpy as np
import pytest

from volumen.errors import ConfigError
from volumen.training import build_csv_logger, build_tensorboard_logger, build_wandb_logger
from volumen.training.loggers import Board
from volumen.viewing import HeadView, Preview


def read_table(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_is_on_disk_as_soon_as_it_is_logged(tmp_path):
    table = build_csv_logger(tmp_path)
    for epoch in (1, 2):
        table.log_metrics({"val/loss": 0.5 / epoch}, step=epoch)
        assert read_table(tmp_path)[-1] == {"epoch": str(epoch), "val/loss": str(0.5 / epoch)}


def test_a_number_that_comes_late_gets_a_column(tmp_path):
    table = build_csv_logger(tmp_path)
    table.log_metrics({"val/dice_1": 0.1}, step=1)
    table.log_metrics({"val/dice_1": 0.2, "val/dice_2": float("nan")}, step=2)
    assert read_table(tmp_path) == [
        {"epoch": "1", "val/dice_1": "0.1", "val/dice_2": ""},
        {"epoch": "2", "val/dice_1": "0.2", "val/dice_2": "nan"},
    ]


def test_a_resumed_run_writes_its_epochs_anew(tmp_path):
    for epoch in (1, 2, 3):
        build_csv_logger(tmp_path).log_metrics({"val/loss": 1.0}, step=epoch)
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("4,")
    table = build_csv_logger(tmp_path)
    table.drop_after(1)
    table.log_metrics({"val/loss": 2.0}, step=2)
    assert [(row["epoch"], row["val/loss"]) for row in read_table(tmp_path)] == [("1", "1"), ("2", "2")]


@pytest.mark.parametrize(
    ("build", "package"), [(build_tensorboard_logger, "tensorboard"), (build_wandb_logger, "wandb")]
)
def test_a_logger_without_its_package_names_the_extra(tmp_path, build, package):
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(ConfigError, match=rf"logger={package} .*volumen\[log\]"):
        build(tmp_path)


def test_a_board_shows_a_picture_a_head():
    plane = np.zeros((1, 4, 4), np.float32)
    heads = tuple(HeadView(name, plane, plane, plane > 0) for name in ("surface", "ink"))
    shown = []
    Board(None, lambda name, pixels, step: shown.append((name, pixels.shape[2], step))).log_pictures(
        Preview(plane, (), heads), 7
    )
    assert shown == [("preview/surface", 3, 7), ("preview/ink", 3, 7)]
