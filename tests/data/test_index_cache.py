import logging
import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from volumen.data import Case, Frame, LabelValues
from volumen.data.index import PatchIndex
from volumen.data.index_cache import find_folder, identify_index, read_index, write_index
from volumen.data.patches import PatchReader
from volumen.errors import OutputError
from volumen.geometry import Box
from volumen.volumes import create_volume

SHAPE = (6, 7, 8)


@pytest.fixture
def index(count_labels, rng) -> PatchIndex:
    return replace(count_labels(rng.integers(0, 3, SHAPE)), thinned=2, merged=True)


@pytest.fixture
def case(write_volume) -> Case:
    return Case("a", "unused.tif", {"ids": str(write_volume("labels/a.tif", SHAPE))})


def identify(case, ignore=2) -> str:
    return identify_index(case, "ids", reader=PatchReader(0), ignore=ignore)


def test_an_index_is_the_same_from_its_file(cache, index):
    write_index("a", index)
    again = read_index("a")
    for field in fields(index):
        assert np.array_equal(getattr(again, field.name), getattr(index, field.name))
    assert [path.name for path in cache.iterdir()] == ["a.npz"]


def test_there_is_none_where_none_was_written(cache):
    assert read_index("a") is None
    assert not cache.exists()


def test_caches_lie_where_a_user_looks_for_them(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert find_folder() == tmp_path / ".cache" / "volumen" / "patches"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert find_folder() == tmp_path / "mine" / "volumen" / "patches"


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_bits(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(40, len(content), 200):
        content[place] ^= 255
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def write_another(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, shape=np.zeros(3))


def write_pickles(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, **{field.name: np.array([object()]) for field in fields(PatchIndex)})


def disagree(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file) | {"cells": file["cells"] + 1000}
    with path.open("wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize("damage", [cut_short, flip_bits, empty, write_another, write_pickles, disagree])
def test_a_damaged_file_counts_for_nothing_and_that_is_said(cache, index, damage, caplog):
    write_index("a", index)
    damage(cache / "a.npz")
    with caplog.at_level(logging.WARNING):
        assert read_index("a") is None
    assert "a.npz is damaged and is made again" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_an_error(cache, index):
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        write_index("a", index)


def test_a_file_in_place_of_the_folder_is_an_error(cache, index):
    cache.parent.mkdir(parents=True)
    cache.write_text("not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        write_index("a", index)


def test_the_same_labels_have_the_same_name(case):
    assert identify(case) == identify(replace(case, name="b", image="other.tif"))


def test_labels_that_change_have_another_name(case):
    before = identify(case)
    path = Path(case.labels["ids"])
    content, times = path.read_bytes(), path.stat()
    path.write_bytes(content[:-1] + b"\1")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert identify(case) != before


def test_a_mask_that_changes_gives_another_name(case, write_volume):
    masked = replace(case, mask=str(write_volume("masks/a.tif", SHAPE)))
    before = identify(masked)
    assert before != identify(case)
    os.utime(masked.mask, ns=(1, 1))
    assert identify(masked) != before


def test_a_chunk_that_changes_gives_another_name(tmp_path):
    volume = create_volume(tmp_path / "a.zarr", shape=SHAPE, dtype="uint8", chunks=(4, 4, 4))
    case = Case("a", "unused.tif", {"ids": volume.spec})
    before = identify(case)
    volume.write(Box((0, 0, 0), (4, 4, 4)), np.ones((4, 4, 4), np.uint8))
    assert identify(case) != before


def test_slices_that_change_give_another_name(tmp_path, write_volume):
    for number in range(3):
        write_volume(f"slices/{number}.tif", (1, 5, 6))
    case = Case("a", "unused.tif", {"ids": str(tmp_path / "slices" / "*.tif")})
    before = identify(case)
    os.utime(tmp_path / "slices" / "1.tif", ns=(1, 1))
    assert identify(case) != before


@pytest.mark.parametrize(
    "change",
    [
        {"frame": Frame(crop=Box((0, 0, 0), (3, 3, 3)))},
        {"frame": Frame(skipped=(2,))},
        {"frame": Frame(scale=(2.0, 1.0, 1.0))},
        {"values": {"ids": LabelValues(ignore=(7,))}},
        {"values": {"ids": LabelValues(classes={1: 5})}},
        {"values": {"ids": LabelValues(rest=3)}},
    ],
)
def test_labels_that_are_read_otherwise_have_another_name(case, change):
    assert identify(replace(case, **change)) != identify(case)


def test_another_ignored_value_gives_another_name(case):
    assert len({identify(case, 2), identify(case, None), identify(case, 3)}) == 3
    own = replace(case, values={"ids": LabelValues(ignore=(2,))})
    assert identify(own, 5) == identify(own, 2)
