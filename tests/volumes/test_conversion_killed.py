"""Copies whose processes are killed, whose disk is full, and that several workers make."""

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from volumen.geometry import Box
from volumen.volumes import ConvertOptions, convert_volume, create_volume

CONVERT = """
import resource, sys
from volumen.cli import main
from volumen.volumes import zarr_conversion

zarr_conversion._BLOCK_BYTES = 16**3
if __name__ == "__main__":
    limit = int(sys.argv.pop(1))
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    sys.exit(main())
"""
OPTIONS = {"chunks": (16, 16, 16), "levels": 2}
FLAGS = ["--chunks", "16", "--levels", "2"]
EXECUTORS = {"serial": [], "processes": ["--workers", "2"], "dask": ["--dask", "2"]}


@pytest.fixture
def source(rng, tmp_path):
    """The first half is plain and packs well, the second is noise."""
    array = rng.integers(1, 255, (96, 64, 64)).astype(np.uint8)
    array[:48] = 7
    volume = create_volume(tmp_path / "source.zarr", shape=array.shape, dtype=array.dtype, chunks=(16, 16, 16))
    volume.write(Box.whole(array.shape), array)
    return volume


@pytest.fixture
def expected(source, tmp_path):
    """The files of a copy that nothing happened to."""
    convert_volume(source.spec, tmp_path / "whole.zarr", options=ConvertOptions(**OPTIONS))
    return read_files(tmp_path / "whole.zarr")


@pytest.fixture
def convert(tmp_path, source):
    """Runs the command in a process of its own, on blocks of 16³."""
    started = []
    script = tmp_path / "convert.py"
    script.write_text(CONVERT)

    def start(*flags, limit=0):
        command = [sys.executable, script, str(limit), "data", "convert", source.spec, tmp_path / "x.zarr", *FLAGS]
        started.append(subprocess.Popen([*command, *flags], env=os.environ, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_files(folder):
    """Bytes of every chunk of a copy."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }


def list_marks(tmp_path):
    return list(tmp_path.glob(".x.zarr.converting/.done/*/*.done"))


@pytest.mark.slow
@pytest.mark.parametrize("flags", EXECUTORS.values(), ids=EXECUTORS)
def test_killed_again_and_again_a_copy_ends_with_the_same_bytes(convert, expected, tmp_path, wait_for, flags):
    for begun in ([], ["--resume"]):
        process, before = start_in_earnest(convert, tmp_path, wait_for, *flags, *begun)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all(mark.stat().st_mtime_ns == written for mark, written in before.items())
    process, _ = start_in_earnest(convert, tmp_path, wait_for, *flags, "--resume")
    if flags:
        kill_a_worker(process)
    assert process.wait(120) == 0, process.stderr.read()
    assert read_files(tmp_path / "x.zarr") == expected


def start_in_earnest(convert, tmp_path, wait_for, *flags):
    """A process that has done five blocks, and when those before it were done."""
    before = {mark: mark.stat().st_mtime_ns for mark in list_marks(tmp_path)}
    process = convert(*flags)
    wait_for(lambda: len(list_marks(tmp_path)) >= len(before) + 5)
    return process, before


def kill_a_worker(process):
    children = psutil.Process(process.pid).children(recursive=True)
    next(child for child in children if "spawn_main" in str(child.cmdline())).kill()


def test_several_processes_write_the_bytes_of_one(source, expected, tmp_path, monkeypatch):
    monkeypatch.setattr("volumen.volumes.zarr_conversion._BLOCK_BYTES", 16**3)
    convert_volume(source.spec, tmp_path / "x.zarr", options=ConvertOptions(**OPTIONS, workers=2))
    assert read_files(tmp_path / "x.zarr") == expected


def test_on_a_full_disk_what_is_done_stays_and_the_copy_goes_on_when_there_is_room(convert, expected, tmp_path):
    process = convert(limit=4000)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    assert len(said.strip().splitlines()) == 1
    assert "x.zarr cannot be written" in said
    done = len(list_marks(tmp_path))
    assert 24 <= done < 96
    assert not (tmp_path / "x.zarr").exists()

    process = convert("--resume")
    assert process.wait(120) == 0
    assert read_files(tmp_path / "x.zarr") == expected
