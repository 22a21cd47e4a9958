"""A server for as long as a fixture lasts; where its programs are missing, the test is skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

from devtools.servers import Server, ServiceMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

S = TypeVar("S", bound=Server)


def serving(kind: Callable[[], S]) -> Iterator[S]:
    """The running server, for `yield from`; a test may kill, freeze and start it again."""
    try:
        server = kind()
    except ServiceMissing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.thaw()
        server.remove()
