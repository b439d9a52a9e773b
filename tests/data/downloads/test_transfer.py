import hashlib
import socket

import pytest

from volumen.data.downloads import transfer
from volumen.data.downloads.transfer import Origin, Patience, accept_file, fetch_file, measure_digest
from volumen.errors import DataError, MissingError, OutputError, PlaceError

QUICK = Patience(tries=3, timeout=5, pause=0)


def checksum(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def fetch(server, target, **options):
    known = options.pop("checksum", checksum(server.content))
    patience = options.pop("patience", QUICK)
    return fetch_file(Origin(server.url, known), target, patience=patience, sleep=lambda _: None, **options)


def test_a_file_is_there_when_it_is_whole_with_its_checksum_beside_it(server, tmp_path):
    target = tmp_path / "deep" / "set.zip"
    digest = fetch(server, target)
    assert target.read_bytes() == server.content
    assert (target.parent / "set.zip.sha256").read_text() == f"{digest}  set.zip\n"
    assert sorted(path.name for path in target.parent.iterdir()) == ["set.zip", "set.zip.sha256"]


def test_progress_is_told_in_bytes(server, tmp_path):
    seen = []
    fetch(server, tmp_path / "a", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5120, 5120)


def test_a_connection_that_drops_is_gone_on_with_where_it_broke(server, tmp_path):
    server.faults.drops = [1000, 700]
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content
    assert [asked.get("Range") for asked in server.asked] == [None, "bytes=1000-", "bytes=1700-"]


def test_a_connection_may_drop_more_often_than_there_are_tries_as_long_as_something_comes(server, tmp_path):
    server.faults.drops = [300] * 12
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content


def test_another_call_goes_on_with_what_is_there(server, tmp_path):
    server.faults.drops = [2000, 0, 0]
    with pytest.raises(PlaceError, match="it ended after 2000 of 5120 bytes"):
        fetch(server, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    fetch(server, tmp_path / "a")
    assert server.asked[-1]["Range"] == "bytes=2000-"
    assert (tmp_path / "a").read_bytes() == server.content


def test_a_server_that_ignores_ranges_begins_anew(server, tmp_path):
    server.faults.drops, server.faults.ranges = [3000], False
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content


def test_a_part_that_begins_elsewhere_is_not_taken(server, tmp_path):
    server.faults.drops, server.faults.shift = [1000], 10
    with pytest.raises(PlaceError, match="sends bytes from 1010 on, not from 1000"):
        fetch(server, tmp_path / "a")


def test_a_file_that_changed_meanwhile_begins_anew(server, tmp_path):
    server.faults.drops = [1000, 0, 0]
    with pytest.raises(PlaceError):
        fetch(server, tmp_path / "a")
    server.content, server.faults.tag = b"new" * 2000, '"v2"'
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content
    assert server.asked[-1]["If-Range"] == '"v1"'


def test_without_a_checksum_or_a_version_nothing_is_put_together(server, tmp_path):
    server.faults.drops, server.faults.tag = [1000], None
    fetch(server, tmp_path / "a", checksum=None)
    assert [asked.get("Range") for asked in server.asked] == [None, None]


def test_what_is_whole_already_needs_no_byte(server, tmp_path):
    (tmp_path / ".a.part").write_bytes(server.content)
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    (tmp_path / ".a.part").write_bytes(server.content + b"more")
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content


def test_a_length_that_is_too_long_is_no_whole_file(server, tmp_path):
    server.faults.claim, server.faults.ranges = "6000", False
    with pytest.raises(PlaceError, match="it ended after 5120 of 6000 bytes"):
        fetch(server, tmp_path / "a")


def test_a_length_that_is_too_short_is_seen_by_the_checksum(server, tmp_path):
    server.faults.claim = "4000"
    with pytest.raises(DataError, match="not what was published"):
        fetch(server, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_without_a_length_the_end_is_the_end(server, tmp_path):
    server.faults.claim = ""
    fetch(server, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_another_content_is_removed_and_says_where_to_put_the_right_one(server, tmp_path, algorithm):
    wrong = f"{algorithm}:{'0' * 32}"
    with pytest.raises(DataError, match=f"its {algorithm} is .*, not 0000.* put it at .*/a$"):
        fetch(server, tmp_path / "a", checksum=wrong)
    assert not (tmp_path / "a").exists()


def test_an_unknown_checksum_is_measured_and_written_down(server, tmp_path):
    digest = fetch(server, tmp_path / "a", checksum=None)
    assert checksum(server.content) == f"sha256:{digest}"
    assert (tmp_path / "a.sha256").read_text().startswith(digest)


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.faults.codes = [503, 429, 200]
    fetch(server, tmp_path / "a")
    assert len(server.asked) == 3


@pytest.mark.parametrize("code", [404, 403, 410])
def test_a_file_that_is_gone_is_asked_for_once(server, tmp_path, code):
    server.faults.codes = [code]
    with pytest.raises(MissingError, match=f"answers {code} .*put it at .*/a"):
        fetch(server, tmp_path / "a")
    assert len(server.asked) == 1


def test_a_server_may_send_one_elsewhere_but_not_to_a_file(server, tmp_path):
    server.faults.redirect = "file:///etc/hostname"
    with pytest.raises((PlaceError, MissingError)):
        fetch(server, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_without_a_network_one_line_says_where_the_file_goes(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    origin, pauses = Origin(f"http://127.0.0.1:{port}/x.zip"), []
    with pytest.raises(PlaceError) as caught:
        fetch_file(origin, tmp_path / "x.zip", patience=Patience(tries=4, pause=1), sleep=pauses.append)
    assert "Connection refused" in str(caught.value)
    assert f"put it at {tmp_path / 'x.zip'}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert pauses == [1, 2, 4]


def test_a_silent_server_is_not_waited_for_forever(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        origin = Origin(f"http://127.0.0.1:{silent.getsockname()[1]}/x.zip")
        with pytest.raises(PlaceError, match="timed out"):
            fetch_file(origin, tmp_path / "x.zip", patience=Patience(tries=2, timeout=0.2, pause=0))


def test_a_file_put_there_by_hand_is_told_by_its_checksum(tmp_path):
    (tmp_path / "a").write_bytes(b"right")
    accept_file(tmp_path / "a", Origin("http://x/a", checksum(b"right")))
    assert (tmp_path / "a.sha256").is_file()
    (tmp_path / "b").write_bytes(b"wrong")
    with pytest.raises(DataError, match="move it away"):
        accept_file(tmp_path / "b", Origin("http://x/b", checksum(b"right")))
    assert (tmp_path / "b").read_bytes() == b"wrong"


def test_a_checksum_is_that_of_the_standard_tools(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert measure_digest(tmp_path / "a", "md5") == "900150983cd24fb0d6963f7d28e17f72"


def test_a_file_that_does_not_fit_is_not_begun(server, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1 << 10})())
    with pytest.raises(OutputError, match="has room for 0 MB, and 0 MB are still to come; make room"):
        fetch(server, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
