"""Tests that need torch; run them where it is installed.

python -m pytest --confcutdir=tests/ml tests/ml
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Read when torch is imported, here and in the processes that tests start. The models are too small
# to gain from a second thread, and threads that wait for each other on a busy machine take minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class LlamaCpp:
    """llama.cpp's own HTTP server over one GGUF file, on the loopback."""

    def __init__(self, path: Path) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = 512
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.ui = False
        params.warmup = False
        params.verbosity = 1
        self._server = xllamacpp.Server(params)

    def tokens(self, text: str) -> list[int]:
        """Tokens as the server makes them of a rendered chat."""
        body = {"content": text, "add_special": True, "parse_special": True}
        return self._post("/tokenize", body)["tokens"]

    def rendered(self, messages: list[dict[str, str]]) -> str:
        """The prompt the server makes of a chat."""
        return self._post("/apply-template", {"messages": messages})["prompt"]

    def log_probabilities(self, tokens: list[int], top: int) -> dict[int, float]:
        """The `top` most probable next tokens after a prompt."""
        answer = self._post(
            "/completion",
            {
                "prompt": tokens,
                "n_predict": 1,
                "n_probs": top,
                "temperature": 0.0,
                "cache_prompt": False,
            },
        )
        first = answer["completion_probabilities"][0]["top_logprobs"]
        return {entry["id"]: entry["logprob"] for entry in first}

    def chat(self, messages: list[dict[str, str]], **options: object) -> dict:
        """One answer, as the OpenAI protocol tells it."""
        return self._post("/v1/chat/completions", {"messages": messages, **options})

    def _post(self, path: str, body: dict) -> dict:
        request = urllib.request.Request(
            self._server.listening_address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def llama_cpp() -> Callable[[Path], LlamaCpp]:
    """Loads a GGUF file; the same file is loaded once."""
    loaded: dict[Path, LlamaCpp] = {}

    def load(path: Path) -> LlamaCpp:
        if path not in loaded:
            loaded[path] = LlamaCpp(path)
        return loaded[path]

    return load
