import hashlib
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from volumen.data import Patience, RemoteData, RemoteFile, download_data, find_data, list_data
from volumen.data.downloads.download import choose_files
from volumen.errors import ConfigError, DataError, UnknownNameError
from volumen.registry import list_names

QUICK = Patience(tries=2, timeout=5, pause=0)


def make_archive(*names: str) -> bytes:
    """A ZIP of small TIFFs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            picture = io.BytesIO()
            tifffile.imwrite(picture, np.zeros((2, 3, 4), np.uint16), photometric="minisblack")
            file.writestr(name, picture.getvalue())
    return content.getvalue()


@pytest.fixture
def snemi(server) -> RemoteData:
    server.content = make_archive("image/train-input.tif", "seg/train-labels.tif")
    checksum = f"sha256:{hashlib.sha256(server.content).hexdigest()}"
    return RemoteData("snemi3d", "a small one", "snemi3d", (RemoteFile("original", server.url, "snemi.zip", checksum),))


def test_a_data_set_is_fetched_unpacked_and_looked_into(snemi, tmp_path):
    told = []
    done = download_data(snemi, tmp_path / "snemi3d", patience=QUICK, progress=lambda *what: told.append(what[0]))
    assert done.cases == ("train",)
    assert set(told) == {"fetching snemi.zip", "unpacking snemi.zip"}
    assert not (tmp_path / "snemi3d" / "snemi.zip").exists()
    assert (tmp_path / "snemi3d" / "snemi.zip.sha256").is_file()


def test_what_is_there_is_not_fetched_again(snemi, server, tmp_path):
    for _ in range(3):
        assert download_data(snemi, tmp_path, patience=QUICK).cases == ("train",)
    assert len(server.asked) == 1


def test_an_archive_may_stay(snemi, tmp_path):
    download_data(snemi, tmp_path, keep=True, patience=QUICK)
    assert (tmp_path / "snemi.zip").is_file()


def test_an_archive_put_there_by_hand_is_checked_and_unpacked(snemi, server, tmp_path):
    (tmp_path / "snemi.zip").write_bytes(server.content)
    assert download_data(snemi, tmp_path, patience=QUICK).cases == ("train",)
    assert server.asked == []


def test_a_wrong_archive_put_there_by_hand_is_left_alone(snemi, server, tmp_path):
    (tmp_path / "snemi.zip").write_bytes(b"something else")
    with pytest.raises(DataError, match="move it away"):
        download_data(snemi, tmp_path, patience=QUICK)
    assert (tmp_path / "snemi.zip").read_bytes() == b"something else"


def test_a_download_that_was_killed_goes_on(snemi, server, tmp_path):
    (tmp_path / ".snemi.zip.part").write_bytes(server.content[:100])
    (tmp_path / ".snemi.zip.unpacking").mkdir()
    (tmp_path / ".snemi.zip.unpacking" / "rest").touch()
    assert download_data(snemi, tmp_path, patience=QUICK).cases == ("train",)
    assert server.asked[0]["Range"] == "bytes=100-"
    assert not (tmp_path / ".snemi.zip.unpacking").exists()


def test_files_that_are_no_data_set_are_told(snemi, server, tmp_path):
    server.content = make_archive("image/train-input.tif")
    files = (replace(snemi.files[0], checksum=None),)
    with pytest.raises(DataError, match=r"snemi3d was fetched, and its files are not .*train-labels.*remove"):
        download_data(replace(snemi, files=files), tmp_path, patience=QUICK)


def test_a_part_alone_says_what_it_lacks(snemi, server, tmp_path):
    server.content = make_archive("image/train-input.tif")
    files = (replace(snemi.files[0], checksum=None),)
    done = download_data(replace(snemi, files=files), tmp_path, parts=["original"], patience=QUICK)
    assert done.cases == ()
    assert "train-labels.tif" in done.doubt


def test_what_no_program_may_fetch_says_how_to_come_by_it(tmp_path):
    with pytest.raises(DataError, match=r"kaggle competitions download .* put it into"):
        download_data(find_data("surface_detection"), tmp_path)


def test_parts_are_asked_for_by_their_words():
    cremi = find_data("cremi")
    assert [file.part for file in choose_files(cremi, ())] == ["A", "B", "C"]
    assert [file.part for file in choose_files(cremi, ["defects", "B-padded"])] == ["B-padded", "defects"]
    with pytest.raises(ConfigError, match="cremi has no part 'a-padded'; did you mean"):
        choose_files(cremi, ["a-padded"])
    assert len(choose_files(find_data("mitoem"), ["rat"])) == 2


def test_an_unknown_data_set_is_told_the_nearest():
    with pytest.raises(UnknownNameError, match="no data set is called 'snemi'; did you mean 'snemi3d'"):
        find_data("snemi")


@pytest.mark.parametrize("data", list_data(), ids=lambda data: data.name)
def test_every_entry_of_the_table_is_whole(data):
    assert data.layout in list_names("layout")
    assert bool(data.files) != bool(data.by_hand)
    paths = [file.path for file in data.files]
    assert len(paths) == len(set(paths))
    for file in data.files:
        assert file.url.startswith(("https://", "http://"))
        assert file.checksum or not file.expired
        assert file.checksum or file.url.startswith("https://")
        algorithm, _, digest = (file.checksum or "sha256:" + 64 * "0").partition(":")
        assert len(digest) == {"sha256": 64, "md5": 32}[algorithm]
        assert not any(part in {"..", ""} for part in file.path.split("/"))
    if data.files:
        assert any(file.usual for file in data.files)


def test_a_certificate_that_does_not_hold_is_let_pass_only_with_a_checksum(tmp_path, caplog):
    import ssl
    import urllib.error

    from volumen.data.downloads import transfer

    certificate = ssl.SSLCertVerificationError(1, "expired")
    certificate.verify_message = "certificate has expired"

    def run(origin: transfer.Origin):
        one = transfer._Transfer(origin, tmp_path / "a", QUICK, lambda *_: None, lambda _: None)
        with pytest.raises(transfer._Broken):
            one._explain_silence(urllib.error.URLError(certificate).reason)
        return one.trusting

    assert run(transfer.Origin("https://x", "sha256:00", expired=True)) == [True]
    assert "told by its checksum instead" in caplog.text
    assert run(transfer.Origin("https://x", "sha256:00")) == []
    assert run(transfer.Origin("https://x", None, expired=True)) == []
