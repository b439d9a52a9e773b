import io
import stat
import zipfile

import pytest

from volumen.data.downloads import unpacking
from volumen.data.downloads.unpacking import unpack_archive
from volumen.errors import DataError, FormatError, OutputError


def make_zip(path, *members: tuple[str | zipfile.ZipInfo, bytes]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def test_files_take_their_places_below_the_folder(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("im/im0000.png", b"x" * 1000), ("readme.txt", b"y"), ("empty/", b""))
    seen = []
    names = unpack_archive(archive, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert names == ["im/im0000.png", "readme.txt"]
    assert (tmp_path / "im" / "im0000.png").read_bytes() == b"x" * 1000
    assert seen[-1] == (1001, 1001)
    assert not list(tmp_path.glob(".*"))


def test_what_no_data_set_consists_of_is_left_out(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("a.png", b"1"), ("__MACOSX/._a.png", b"2"), ("deep/.DS_Store", b"3"))
    assert unpack_archive(archive, tmp_path) == ["a.png"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    folder = tmp_path / "set"
    folder.mkdir()
    archive = make_zip(folder / "a.zip", ("good.png", b"1"), (name, b"2"))
    with pytest.raises(DataError, match="not to be trusted, nothing was unpacked"):
        unpack_archive(archive, folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "a.zip"]


def test_a_link_is_no_file(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(DataError, match="not to be trusted"):
        unpack_archive(make_zip(tmp_path / "a.zip", (link, b"/etc/passwd")), tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>log in</html>", b"PK\x03\x04 cut"])
def test_what_is_no_archive_is_named(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.zip cannot be unpacked"):
        unpack_archive(tmp_path / "a.zip", tmp_path)


def test_a_damaged_member_leaves_nothing_half_unpacked(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("one", b"x" * 5000), ("two", b"y" * 5000))
    content = bytearray(archive.read_bytes())
    content[content.index(b"two") + 8] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(FormatError):
        unpack_archive(archive, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_with_a_password_is_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("one", b"x"))
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    archive.write_bytes(content)
    with pytest.raises(FormatError, match="cannot be unpacked"):
        unpack_archive(archive, tmp_path)


def test_an_archive_that_does_not_fit_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(OutputError, match="has room for 0 MB"):
        unpack_archive(make_zip(tmp_path / "a.zip", ("one", b"x" * 100)), tmp_path)


def test_it_may_be_unpacked_over_what_is_there(tmp_path):
    archive = make_zip(tmp_path / "a.zip", ("im/a", b"new"))
    (tmp_path / "im").mkdir()
    (tmp_path / "im" / "a").write_bytes(b"old")
    (tmp_path / "im" / "b").write_bytes(b"kept")
    unpack_archive(archive, tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "im").iterdir()} == {"a": b"new", "b": b"kept"}


def test_archives_of_large_members_are_unpacked_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "_PIECE", 64)
    archive = make_zip(tmp_path / "a.zip", ("one", bytes(range(256)) * 4))
    unpack_archive(archive, tmp_path)
    assert io.BytesIO((tmp_path / "one").read_bytes()).read() == bytes(range(256)) * 4
