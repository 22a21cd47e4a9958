"""Processes forked from one that has imported the bot: imports are two seconds of CPU a start.

What runs is what `python -m bot` runs, in a process of its own with its own environment, folder,
output and signals; only the imports were done before. That they work from nothing is seen where a
`BotProcess` is started: a newcomer's bot, and those of the benchmarks.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from multiprocessing import connection, forkserver
from threading import Lock
from typing import IO, TYPE_CHECKING

from devtools.processes import BotProcess, Process, SandboxProcess, die_with_parent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])
# Each start of a process looks after all others, and only the first look gets an exit status.
_ONE_LOOKS = Lock()


class Fork:
    """A forked child, as `devtools.processes` looks at one."""

    def __init__(self, child: ForkServerProcess, output: IO[bytes]) -> None:
        self._child = child
        self.stdout: IO[bytes] | None = output

    @property
    def pid(self) -> int:
        """Its id."""
        assert self._child.pid is not None
        return self._child.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        with _ONE_LOOKS:
            return self._child.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit status, once it has ended; raises subprocess.TimeoutExpired."""
        connection.wait([self._child.sentinel], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._child.name, timeout)
        return status

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, sig)


class Forked(Process):
    """One of our modules, started by a fork."""

    def _spawn(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> Fork:
        read, write = _CONTEXT.Pipe(duplex=False)
        child = _CONTEXT.Process(
            target=_become,
            args=(write, list(arguments), dict(environment), folder),
            daemon=True,  # ends at the latest when the tests do
        )
        with _ONE_LOOKS:
            child.start()
        write.close()
        with read:
            return Fork(child, os.fdopen(os.dup(read.fileno()), "rb"))


class ForkedBot(Forked, BotProcess):
    """`python -m bot`."""


class ForkedSandbox(Forked, SandboxProcess):
    """`python -m bot.sandbox`."""


def _become(
    output: Connection, arguments: list[str], environment: dict[str, str], folder: Path
) -> None:
    """Be what `python -m module arguments` would be."""
    os.setsid()
    # When the tests are killed, the process that forks ends unless a child of it holds this open.
    os.close(forkserver._forkserver._forkserver_alive_fd)  # noqa: SLF001 - no public name
    if sys.platform == "linux":
        die_with_parent()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    _, module, *rest = arguments
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
