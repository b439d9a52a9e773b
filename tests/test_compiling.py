from volumen import compiling


def double(number: int) -> int:
    return 2 * number


def test_a_loop_works_where_nothing_can_be_kept_and_says_what_to_do(monkeypatch, caplog):
    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [])
    compiling._warn_of_no_folder.cache_clear()

    assert [compiling.kernel(double)(2), compiling.kernel(double)(3)] == [4, 6]
    assert [record.message.count("set NUMBA_CACHE_DIR") for record in caplog.records] == [1]
