import pytest

from volumen.viewing.writing import write_whole


def write_half(target):
    with write_whole(target) as partial:
        partial.write_text("half")
        raise OSError("full")


def test_what_went_wrong_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "page.html"
    target.write_text("old")
    with pytest.raises(OSError, match="full"):
        write_half(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
