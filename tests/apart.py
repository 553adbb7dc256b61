"""Running a coroutine where another loop may be running: a browser's has the thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, on a thread of its own."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(asyncio.run, work).result()
