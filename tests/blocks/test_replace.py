import json

import pytest

from volumen.blocks import replace_path, write_json
from volumen.errors import ConfigError, OutputError


def write_half(path):
    path.write_text("half")
    raise TypeError("the other half")


def write_half_folder(path):
    path.mkdir()
    write_half(path / "part")


def test_a_file_is_there_only_when_all_went_well(tmp_path):
    target = tmp_path / "new" / "out.txt"
    with replace_path(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert [path.name for path in target.parent.iterdir()] == ["out.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(TypeError, match="half"), replace_path(target) as temporary:
        write_half(temporary)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path):
    with replace_path(tmp_path / "out") as temporary:
        temporary.mkdir()
        (temporary / "part").write_text("1")
    assert (tmp_path / "out" / "part").read_text() == "1"


def test_a_failed_folder_is_removed(tmp_path):
    with pytest.raises(TypeError, match="half"), replace_path(tmp_path / "out") as temporary:
        write_half_folder(temporary)
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_our_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_json(tmp_path / "file" / "x.json", {})


def test_a_full_disk_is_our_error(tmp_path):
    with pytest.raises(OutputError, match="No space left"), replace_path(tmp_path / "x"):
        raise OSError(28, "No space left on device")


def test_json_reads_back(tmp_path):
    write_json(tmp_path / "x.json", {"b": [1, None], "a": "é"})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": "é", "b": [1, None]}


def test_values_that_are_not_plain_leave_nothing(tmp_path):
    with pytest.raises(ConfigError):
        write_json(tmp_path / "x.json", {"a": float("inf")})
    assert not list(tmp_path.iterdir())
