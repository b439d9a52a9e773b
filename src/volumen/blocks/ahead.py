"""Work that a thread does ahead of those who use it."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def run_ahead(items: Iterator[Item], count: int) -> Iterator[Item]:
    """The same items in the same order; a thread makes up to `count` of them before they are asked for.

    An error comes out where its item would have.
    """
    end = object()
    with ThreadPoolExecutor(1) as thread:
        waiting: deque[Future[Item | object]] = deque(thread.submit(next, items, end) for _ in range(count))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(thread.submit(next, items, end))
                yield item  # type: ignore[misc]  # only `end` is no item
        finally:
            thread.shutdown(cancel_futures=True)
