"""Work on several items at a time, with results in the order of the items and bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD_PER_THREAD = 2
"""Items that are taken before their turn; each may be a whole replay."""


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int
) -> Generator[Result, None, None]:
    """Yield ``function(item)`` for each item, in order, and take only so many items as are soon needed.

    The first error ends it, once the items that are under way are done.
    """
    remaining = iter(items)
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="storage") as pool:
        try:
            while True:
                wanted = threads * AHEAD_PER_THREAD - len(pending)
                pending.extend(pool.submit(function, item) for item in islice(remaining, wanted))
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
