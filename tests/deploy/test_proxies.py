"""nginx and Caddy as they are configured here pass Telegram's calls on to whoever takes them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from devtools.processes import die_with_parent, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
CADDY = Path(sys.executable).parent / "caddy"
UPDATE = b'{"update_id": 1, "message": {"text": "' + "写".encode() * 20_000 + b'"}}'
START_SECONDS = 20.0


class _Replica(BaseHTTPRequestHandler):
    """Takes calls, or refuses them as a replica does that stops."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._reply()

    def do_GET(self) -> None:
        self._reply()

    def _reply(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        # Counted first: who has been answered looks at once.
        if self.command == "POST":
            server.calls += 1
        else:
            server.looks += 1
        self.send_response(server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


class _Server(ThreadingHTTPServer):
    status = 200
    calls = 0
    looks = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def replica(status: int = 200) -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Replica)
    server.status = status
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status_of(port: int, method: str = "POST", path: str = "/telegram") -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, UPDATE if method == "POST" else None)
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def running(command: list[str | Path], port: int, folder: Path) -> Iterator[int]:
    """A proxy that listens; its log is kept in `folder`."""
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"HOME": str(folder), "PATH": "/usr/bin"},
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                with suppress(OSError):
                    status_of(port, "GET", "/")
                    break
                assert child.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
            yield port
        finally:
            child.terminate()
            child.wait()


def seen(server: _Server) -> None:
    """Return once the proxy has looked after it, and has looked again."""
    deadline = time.monotonic() + START_SECONDS
    while server.looks < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def nginx(folder: Path, first: int, second: int) -> Iterator[int]:
    """nginx with our server, without the certificate that only its owner has."""
    port = free_port()
    server = (DEPLOY / "nginx/shudong.conf").read_text("utf-8")
    server = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    server = re.sub(r"\n    (listen \[|ssl_).*", "", server)
    server = server.replace("/var/log/nginx", str(folder))
    server = server.replace(":8080 ", f":{first} ").replace(":8081 ", f":{second} ")
    file = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr warn; events {{}}\n"
        f"http {{ {temporary}\n{server} }}\n",
        "utf-8",
    )
    with running([str(NGINX), "-p", folder, "-c", file], port, folder):
        yield port


@contextmanager
def caddy(folder: Path, first: int, second: int) -> Iterator[int]:
    """Caddy with our site, without TLS."""
    port = free_port()
    site = (DEPLOY / "caddy/Caddyfile").read_text("utf-8")
    site = site.replace("bot.example.org", f"http://127.0.0.1:{port}")
    site = site.replace("127.0.0.1:8080", f"127.0.0.1:{first}")
    site = site.replace("127.0.0.1:8081", f"127.0.0.1:{second}")
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tpersist_config off\n}\n" + site, "utf-8")
    command: list[str | Path] = [CADDY, "run", "--adapter", "caddyfile", "--config", file]
    with running(command, port, folder):
        yield port


PROXIES = [
    pytest.param(
        nginx,
        marks=pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    ),
    caddy,
]


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_replica_that_is_gone_costs_no_call(proxy: Callable[..., object], tmp_path: Path) -> None:
    with replica() as alive, proxy(tmp_path, free_port(), alive.port) as port:  # type: ignore[attr-defined]
        assert [status_of(port) for _ in range(6)] == [200] * 6
        assert alive.calls == 6


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_replica_that_stops_costs_no_call(proxy: Callable[..., object], tmp_path: Path) -> None:
    with (
        replica(503) as stopping,
        replica() as alive,
        proxy(tmp_path, stopping.port, alive.port) as port,  # type: ignore[attr-defined]
    ):
        if proxy is caddy:  # it knows by looking, nginx by being refused
            seen(stopping)
        assert [status_of(port) for _ in range(6)] == [200] * 6
        assert alive.calls == 6


@pytest.mark.parametrize("proxy", PROXIES)
def test_only_telegrams_calls_get_through_and_no_text_is_left(
    proxy: Callable[..., object], tmp_path: Path
) -> None:
    with replica() as first, replica() as second:
        with proxy(tmp_path, first.port, second.port) as port:  # type: ignore[attr-defined]
            assert status_of(port) == 200
            for path in ("/metrics", "/readyz", "/healthz", "/telegram/x", "/"):
                assert status_of(port, "GET", path) == 404, path
            assert status_of(port, "GET", "/telegram") in {403, 404, 405}
            assert first.calls + second.calls == 1
        left = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert "写写写".encode() not in left


def test_caddy_takes_the_file_of_compose(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "WEBHOOK_HOST": "a.example", "WEBHOOK_PATH": "/t"}
    ended = subprocess.run(
        [
            CADDY,
            "validate",
            "--adapter",
            "caddyfile",
            "--config",
            DEPLOY / "caddy/compose.Caddyfile",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
