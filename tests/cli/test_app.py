import os
import subprocess
import sys

import pytest

COMMANDS = [
    ["train"],
    ["predict"],
    ["decode"],
    ["ensemble"],
    ["evaluate"],
    ["report"],
    ["plan"],
    ["import", "nnunet"],
    ["recipes", "list"],
    ["recipes", "show"],
    ["recipes", "copy"],
    ["recipes", "check"],
    ["data", "make"],
    ["data", "inspect"],
    ["data", "convert"],
    ["data", "profile"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_ends_in_two_lines_that_run_as_they_stand(volumen, command):
    said = volumen(*command, "--help")
    lines = [line.strip() for line in said.out.splitlines() if line.startswith("volumen ")]
    assert said.code == 0
    assert len(lines) == 2
    assert all(line.startswith(f"volumen {' '.join(command)}") for line in lines)


def test_the_help_names_every_command(volumen):
    said = volumen("--help")
    assert all(command[0] in said.out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trani"], 'Unknown command "trani". Did you mean "train"?'),
        (["train"], "requires an argument"),
        (["train", "scroll-demo", "--bogus"], "Unknown option: --bogus"),
        (["train", "scroll-demo", "--fold", "x"], "--fold takes a number from 0 or the word all; got 'x'"),
        (["train", "scroll-demo", "optimizer.lr"], "an override is written key.sub=value; got 'optimizer.lr'"),
        (["train", "scroll-demo"], "no data are named: give --data DIR"),
        (["train", "scroll-demo", "--data", "nowhere"], "nowhere"),
        (["train", "scroll-demo", "--resume", "--overwrite"], "give one of them"),
        (["predict", "a", "b"], "predict takes MODEL… INPUT OUTPUT, three paths or more; got 2"),
        (["predict", "nowhere", "in.tif", "out"], "nowhere"),
        (["predict", "m", "i", "o", "--tile", "x,y"], "x,y is not a number"),
        (["predict", "m", "i", "o", "--tile", "3,4"], "3 numbers with commas between them are due"),
        (["evaluate", "a.tif", "b.tif"], "a.tif is not there"),
        (["report", "nowhere"], "nowhere"),
        (["plan", "nowhere"], "nowhere"),
        (["plan", "nowhere", "data.folds=2"], "data.folds=2 is a setting of a recipe, and none is named"),
        (["plan", "nowhere", "--recipe", "scroll-demo", "--size", "L"], "the recipe names its own"),
        (["plan", "nowhere", "--recipe", "scroll-demo", "--write", "a.yaml"], "give one of them"),
        (["plan", "nowhere", "--write", "a.txt"], "a recipe is written to a name that ends in .yaml; got a.txt"),
        (["plan", "nowhere", "--predict", "a.tif"], "a.tif is not there"),
        (["import", "nnunet", "nowhere", "out"], "there is no nowhere/plans.json"),
        (["ensemble", "a"], "two paths or more"),
        (["data", "convert", "a.tif", "b.zarr"], "a.tif is not there"),
        (["data", "convert", "a.tif", "b.zarr", "--chunks", "1,2"], "3 numbers with commas between them are due"),
        (["data", "convert", "a.tif", "b.zarr", "--zarr", "4"], "2"),
        (["data", "profile", "scroll-demo"], "no data are named: give --data DIR"),
        (["data", "profile", "scroll-demo", "--steps", "1"], "steps is 2 or more; got 1"),
        (["data", "make", "scroll", "d", "--cases", "0"], "at least 1 case is needed"),
        (["recipes", "show", "scroll-surfase"], "did you mean 'scroll-surface'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_users_mistake_is_one_line_and_exit_code_2(volumen, arguments, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    said = volumen(*arguments)
    assert said.code == 2
    assert said.err.startswith("volumen: ")
    assert len(said.err.strip().splitlines()) == 1
    assert message in said.err
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(volumen):
    assert "Traceback" in volumen("recipes", "show", "nothing-like-it", "--debug").err


def test_a_fault_of_ours_is_exit_code_1_with_its_traceback_in_a_file(volumen, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("volumen.api.list_recipes", lambda: 1 / 0)
    said = volumen("recipes", "list")
    assert said.code == 1
    assert "a fault of ours" in said.err
    assert "ZeroDivisionError" in (tmp_path / "volumen-error.log").read_text()


def test_a_reader_that_leaves_ends_the_command_without_a_word():
    command = [sys.executable, "-m", "volumen", "recipes", "list"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 141
    assert ended.stderr == b""


def test_the_version_is_the_packages(volumen):
    assert volumen("--version").out.strip() == "0.1.0"
