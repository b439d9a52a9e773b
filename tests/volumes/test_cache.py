import numpy as np
import pytest
from contract import draw_array
from foreign import save_zarr

from volumen.errors import ConfigError
from volumen.volumes import limit_cache, open_volume
from volumen.volumes.cache import CACHE_BYTES, CACHE_VARIABLE, PieceCache, find_cache_bytes
from volumen.volumes.store import _share_context


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "")
    monkeypatch.delenv(CACHE_VARIABLE)


def draw_piece(size, value=0):
    return lambda: np.full(size, value, np.uint8)


def test_a_piece_is_decoded_once():
    cache, decoded = PieceCache(), []
    for _ in range(3):
        cache.find("a", lambda: decoded.append(1) or np.zeros(10, np.uint8))
    assert len(decoded) == 1


def test_the_least_recently_used_are_dropped_first():
    limit_cache(25)
    cache = PieceCache()
    for key in ("a", "b", "a", "c"):
        cache.find(key, draw_piece(10))
    assert cache.nbytes == 20
    assert (cache.find("a", draw_piece(10, 1)) == 0).all()
    assert (cache.find("b", draw_piece(10, 1)) == 1).all()


def test_a_piece_larger_than_the_bound_is_not_kept():
    limit_cache(5)
    cache = PieceCache()
    assert cache.find("a", draw_piece(10)).size == 10
    assert cache.nbytes == 0


def test_the_bound_is_inherited_through_the_environment(monkeypatch):
    assert find_cache_bytes() == CACHE_BYTES
    monkeypatch.setenv(CACHE_VARIABLE, "1000")
    assert find_cache_bytes() == 1000
    limit_cache(2000)
    assert find_cache_bytes() == 2000


@pytest.mark.parametrize("value", ["", "lots", "-1"])
def test_a_bound_that_is_no_number_is_told(value, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, value)
    with pytest.raises(ConfigError, match="number of bytes"):
        find_cache_bytes()
    with pytest.raises(ConfigError, match="0 bytes or more"):
        limit_cache(-1)


def test_one_bounded_pool_serves_all_volumes():
    assert _share_context(1000) is _share_context(1000)
    assert _share_context(1000)["cache_pool"].to_json()["total_bytes_limit"] == 1000


def test_chunks_are_read_from_disk_once_while_a_volume_is_open(tmp_path):
    volume = open_volume(save_zarr(tmp_path, draw_array()))
    volume.read()
    for chunk in (tmp_path / "x.zarr" / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"")
    np.testing.assert_array_equal(volume.read(), draw_array())
