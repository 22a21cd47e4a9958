from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from inference.catalogue import HubFile, ModelEntry
from inference.engine import Sampling

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference.catalogue import ModelSource
    from inference.fetch.progress import Progress

CONTENT = random.Random(17).randbytes(3_000_000)
HUGGING_FACE = HubFile("hugging-face", "people/model", "main")
MODEL_SCOPE = HubFile("modelscope", "people/model", "master")


class Listener:
    """Keeps what is told of a fetch."""

    every = 0.0

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.told: list[Progress] = []

    def sentence(self, text: str) -> None:
        self.sentences.append(text)

    def progress(self, now: Progress) -> None:
        self.told.append(now)


@pytest.fixture
def teller() -> Listener:
    return Listener()


@pytest.fixture
def model() -> Callable[..., ModelEntry]:
    def make(*sources: ModelSource, content: bytes = CONTENT, memory: int = 1) -> ModelEntry:
        return ModelEntry(
            name="better",
            title="Better",
            note={"zh": "好", "en": "good"},
            licence="Apache-2.0",
            licence_url="",
            file="better.gguf",
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            parameters=1,
            memory=memory,
            context=512,
            template="chatml",
            sampling=Sampling(),
            sources=sources or (HUGGING_FACE,),
        )

    return make


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_ENDPOINT", "MODELSCOPE_DOMAIN"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
