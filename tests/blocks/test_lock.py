import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from volumen.blocks import hold_lock
from volumen.blocks.lock import refuse_locked
from volumen.errors import OutputError

OUT = Path("out.zarr")

HOLD = """
import sys, time
from pathlib import Path
from volumen.blocks import hold_lock
with hold_lock(Path(sys.argv[1]), Path('out.zarr')):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "out.zarr" / ".done" / "writer.lock"


@pytest.fixture
def other(lock):
    process = subprocess.Popen([sys.executable, "-c", HOLD, lock], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def sign(lock, *, host, age):
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(json.dumps({"host": host, "pid": 12, "since": "yesterday"}))
    os.utime(lock, (lock.stat().st_atime, lock.stat().st_mtime - age))


def test_a_lock_leaves_nothing_behind(lock):
    with hold_lock(lock, OUT):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
    assert list(lock.parent.iterdir()) == []
    refuse_locked(lock, OUT)


def test_another_process_is_named_and_refused(lock, other):
    for claim in (lambda: hold_lock(lock, OUT).__enter__(), lambda: refuse_locked(lock, OUT)):
        with pytest.raises(OutputError, match=rf"out.zarr is being written by process {other.pid} on .*; wait"):
            claim()


def test_two_in_one_process_are_refused_too(lock):
    with hold_lock(lock, OUT), pytest.raises(OutputError, match=f"process {os.getpid()}"), hold_lock(lock, OUT):
        pass


def test_the_lock_of_a_process_that_was_killed_is_taken_over_and_said(lock, other, caplog):
    other.kill()
    other.wait()
    with hold_lock(lock, OUT):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
    assert f"process {other.pid} on {socket.gethostname()}" in caplog.text
    assert "is dead" in caplog.text


def test_a_holder_on_another_host_lives_while_it_gives_signs_of_life(lock):
    sign(lock, host="elsewhere", age=30)
    with (
        pytest.raises(OutputError, match=r"process 12 on elsewhere .* sign of life 3\d s ago; .* in \d+ s"),
        hold_lock(lock, OUT),
    ):
        pass


def test_a_holder_on_another_host_that_fell_silent_is_dead(lock, caplog):
    sign(lock, host="elsewhere", age=100)
    with hold_lock(lock, OUT):
        pass
    assert "process 12 on elsewhere" in caplog.text


def test_where_the_system_has_no_locks_signs_of_life_tell(lock, monkeypatch):
    def refuse(descriptor, how):
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    with hold_lock(lock, OUT), pytest.raises(OutputError, match="sign of life 0 s ago"), hold_lock(lock, OUT):
        pass
    sign(lock, host=socket.gethostname(), age=100)
    with hold_lock(lock, OUT):
        pass


def test_a_torn_lock_is_nobodys(lock):
    lock.parent.mkdir(parents=True)
    lock.write_text('{"host"')
    with hold_lock(lock, OUT):
        pass


def test_a_held_lock_gives_signs_of_life(lock, monkeypatch, wait_for):
    monkeypatch.setattr("volumen.blocks.lock._BEAT", 0.01)
    with hold_lock(lock, OUT):
        os.utime(lock, (0, 0))
        wait_for(lambda: lock.stat().st_mtime > 0)


def test_a_place_that_cannot_be_written_is_our_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"), hold_lock(tmp_path / "file" / "writer.lock", OUT):
        pass
