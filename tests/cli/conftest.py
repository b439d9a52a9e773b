"""A walk through the command line on volumes of 24³, made once for all its tests."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from volumen.cli import main

SMALL = [
    "data.patch_size=16",
    "data.folds=3",
    "network.features=2",
    "network.depth=2",
    "prediction.tile=16",
    "prediction.overlap=4",
]


class Said(NamedTuple):
    code: int
    out: str
    err: str


Volumen = Callable[..., Said]


def run_main(arguments: list[str]) -> int:
    before, sys.argv = sys.argv, ["volumen", *arguments]
    try:
        return main()
    finally:
        sys.argv = before


@pytest.fixture
def volumen(capsys) -> Volumen:
    """The command `volumen` in this process: its exit code and what it printed."""

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = run_main([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def walk(tmp_path_factory) -> Path:
    """A folder with data, and a run of one fast fold on them."""
    folder = tmp_path_factory.mktemp("walk")
    assert run_main(["data", "make", "scroll", str(folder / "data"), "--cases", "3", "--size", "24"]) == 0
    train = ["train", "scroll-demo", "--data", str(folder / "data"), "--out", str(folder / "run"), "--fast"]
    assert run_main([*train, *SMALL]) == 0
    return folder


@pytest.fixture
def model(walk) -> Path:
    return walk / "run" / "fold_0" / "model"
