"""How the process ends: when it is told to, in order, and in time whatever hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

import structlog

log = structlog.get_logger(__name__)

AFTER_GRACE = 4.0
"""Seconds from the end of the grace to the end of the process."""


class Stopping:
    """SIGINT, SIGTERM and SIGHUP, and the limit that they start.

    What hangs by then (a call to Telegram, a database on a dead network, a thread in a system call)
    is left behind: everything that matters is stored, and claims run out by themselves.
    """

    def __init__(self, grace: float, *, outlives_hangup: bool = False) -> None:
        """Begin to listen.

        Args:
            grace: seconds that running answers get.
            outlives_hangup: whether SIGHUP changes nothing (a log file follows its rotation by
                itself); otherwise it ends the process in order: its terminal is gone.
        """
        self._limit = threading.Timer(grace + AFTER_GRACE, _leave)
        self._limit.daemon = True
        self._told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._begin)
        hangup = (lambda: log.info("log_file_followed")) if outlives_hangup else self._begin
        loop.add_signal_handler(signal.SIGHUP, hangup)

    async def wait(self) -> None:
        """Wait until the process is told to stop."""
        await self._told.wait()

    def _begin(self) -> None:
        if not self._told.is_set():
            self._told.set()
            self._limit.start()


def _leave() -> None:
    log.error("stopping_took_too_long")
    sys.stderr.flush()
    os._exit(0)
