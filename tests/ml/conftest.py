"""Tests that need torch; run them where it is installed.

python -m pytest --confcutdir=tests/ml tests/ml
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# Read when torch is imported, here and in the processes that tests start. The models are too small
# to gain from a second thread, and threads that wait for each other on a busy machine take minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SAMPLE = Path(__file__).parents[1] / "bot" / "conversation" / "smilechat_sample.jsonl"
ROLES = {"client": "user", "counselor": "assistant"}
CALIBRATION_DIALOGUES = 12


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


@pytest.fixture(scope="session")
def dialogues():
    """SmileChat's (CC0 1.0) as lists of messages."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    return [
        [
            {"role": ROLES[said["role"]], "content": said["content"]}
            for said in json.loads(line)["dialogue"]
        ]
        for line in lines
    ]


def _write(path, dialogues):
    lines = (json.dumps({"messages": dialogue}, ensure_ascii=False) for dialogue in dialogues)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def calibration(tmp_path_factory, dialogues):
    folder = tmp_path_factory.mktemp("dialogues")
    return _write(folder / "calibration.jsonl", dialogues[:CALIBRATION_DIALOGUES])


@pytest.fixture(scope="session")
def held_out(tmp_path_factory, dialogues):
    folder = tmp_path_factory.mktemp("dialogues")
    return _write(folder / "held-out.jsonl", dialogues[CALIBRATION_DIALOGUES:])


@pytest.fixture(scope="session")
def original(tmp_path_factory, dialogues):
    """A tiny InternLM2, taught a little, so that quantizing has something to lose."""
    from inference import persona
    from training.tiny import write_checkpoint

    texts = [message["content"] for dialogue in dialogues for message in dialogue]
    folder = write_checkpoint(tmp_path_factory.mktemp("model") / "tiny", texts, steps=60)
    (folder / persona.FILE).write_text(json.dumps({"persona": persona.fingerprint()}))
    return folder


@pytest.fixture(scope="session")
def quantizing(original, calibration, held_out, tmp_path_factory):
    """A whole quantization in little."""
    from inference.quantize.run import QuantizeConfig

    return QuantizeConfig(
        model=original,
        out=tmp_path_factory.mktemp("quantized") / "tiny-w4a16",
        calibration=calibration,
        held_out=held_out,
        samples=8,
        length=256,
        held_out_tokens=1500,
        most_loss=0.05,
        device="cpu",
        trust_remote_code=True,
    )


@pytest.fixture(scope="session")
def quantized(quantizing):
    """Made as an operator makes it, by the command line."""
    numbers = ("samples", "length", "held_out_tokens", "most_loss")
    options = [f"--{name.replace('_', '-')}={getattr(quantizing, name)}" for name in numbers]
    asked = ("quantize", quantizing.model, quantizing.out, "--device", quantizing.device)
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "inference", *map(str, asked), "--trust-remote-code"),
            *("--calibration", str(quantizing.calibration), "--held-out", str(quantizing.held_out)),
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "perplexity" in ended.stdout
    return quantizing.out
