"""When the bot changes over to a better model, and what is said of it meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from bot.better_model import LOOK_EVERY, BetterModel
from inference.catalogue import read_catalogue
from inference.changeable import ChangeableEngine
from inference.engine import EngineRejected, ModelInfo, Sampling
from tests.clock import FakeClock
from tests.inference.fetch.hub import Hub
from tests.inference.test_catalogue import PACKAGED, entry

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(250))


class Named:
    sampling = Sampling()

    def __init__(self, name, *, starts=True):
        self.name, self.starts = name, starts

    async def start(self):
        if not self.starts:
            raise EngineRejected("no such model")
        return ModelInfo(self.name, 512)

    async def aclose(self):
        """Nothing is held."""


@pytest.fixture
def clock():
    return FakeClock()


class Builder:
    """Builds engines, and keeps how many."""

    def __init__(self):
        self.built, self.starts = 0, True

    def __call__(self, model):
        self.built += 1
        return Named(model.name, starts=self.starts)


@pytest.fixture
def build():
    return Builder()


@pytest.fixture
async def engine():
    made = ChangeableEngine(Named("own"))
    await made.start()
    yield made
    await made.aclose()


@pytest.fixture
async def better(tmp_path, clock, engine, build):
    digest = hashlib.sha256(CONTENT).hexdigest()
    text = "\n".join((entry("better", sha256=f'"{digest}"', memory="1000"), PACKAGED))
    (tmp_path / "catalogue.toml").write_text(text)
    catalogue = read_catalogue(text)
    made = BetterModel(
        engine, catalogue.packaged, catalogue, tmp_path / "models", build,
        catalogue_file=tmp_path / "catalogue.toml", memory=lambda: 5000, sleep=clock.sleep,
    )  # fmt: skip
    yield made
    await made.aclose()


async def fetched(better):
    """Accept, and wait until the fetch has ended, well or not; what was shown."""
    shown, ended = [], asyncio.Event()

    def look():
        shown.append((better.view()["state"], better.view()["done"]))
        if shown[-1][0] != "fetching":
            ended.set()

    better.listen(look)
    better.accept()
    better.accept()  # a second press changes nothing
    await ended.wait()
    return shown


def put(tmp_path: Path, content: bytes = CONTENT) -> Path:
    place = tmp_path / "models/better.gguf"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content)
    return place


async def test_it_changes_over_once_the_file_is_there_whoever_fetched_it(
    better, engine, tmp_path, clock
):
    changes = []
    better.listen(lambda: changes.append(better.view()["state"]))
    assert better.view()["state"] == "offered"
    better.start()
    await clock.advance(LOOK_EVERY)
    put(tmp_path, CONTENT[:-1])  # of another size: not it
    await clock.advance(LOOK_EVERY)
    assert engine.serving().name == "own"
    put(tmp_path)
    await clock.advance(LOOK_EVERY)
    assert engine.serving().name == "better"
    assert changes == ["loading", "serving"]
    assert not better.is_offered


async def test_a_file_that_cannot_be_served_is_told_and_not_tried_again(
    better, engine, tmp_path, build
):
    build.starts = False
    place = put(tmp_path)
    await better.look()
    await better.look()
    assert build.built == 1
    assert (better.view()["state"], better.view()["reason"]) == ("failed", "no such model")
    assert engine.serving().name == "own"
    build.starts = True
    os.utime(place, (1, 1))  # another file is there
    await better.look()
    assert better.view()["state"] == "serving"


async def test_who_accepts_has_it_fetched_with_progress(better, monkeypatch):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "a secret of the bot")
    given, start = [], asyncio.create_subprocess_exec

    async def start_and_note(*command, **options):
        given.append(options["env"])
        return await start(*command, **options)

    monkeypatch.setattr("asyncio.create_subprocess_exec", start_and_note)
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        shown = await fetched(better)
    assert shown[0] == ("fetching", 0)
    assert ("fetching", 250) in shown
    (environment,) = given
    assert environment["HF_ENDPOINT"] == hub.url
    assert "TELEGRAM_BOT_TOKEN" not in environment
    await better.look()
    assert better.view()["state"] == "serving"


async def test_a_fetch_that_fails_says_why_and_can_be_tried_again(better, monkeypatch):
    with Hub(b"", status=404) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert (await fetched(better))[-1][0] == "failed"
    assert "404" in better.view()["reason"]
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        await fetched(better)
    await better.look()
    assert better.view()["state"] == "serving"


async def test_what_serves_is_the_best_or_memory_takes_no_more(engine, tmp_path, build):
    catalogue = read_catalogue("\n".join((entry("better", memory="1000"), PACKAGED)))
    small = BetterModel(engine, catalogue.packaged, catalogue, tmp_path, build, memory=lambda: 500)
    assert not small.is_offered
    assert small.view() is None
