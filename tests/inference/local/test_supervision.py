"""The model's process: restarted when it dies, gone when its parent is, and discreet."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from inference.engine import EngineUnavailable, Message, Sampling
from inference.local import LocalEngine
from inference.local.engine import TRIAL_SAMPLING
from inference.local.process import ServerProcess
from inference.local.server import LocalServerConfig
from inference.local.sizing import decode_threads, physical_cores, prompt_threads
from tests.inference.engine_contract import eventually
from tests.inference.local.tiny_model import write_tiny_model

PROMPT = [Message("user", "在吗")]
ROOT = Path(__file__).parents[3]

# A parent that starts an engine, says the pid of its model's process and waits to be killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from inference.local import LocalEngine

async def main():
    engine = LocalEngine(Path(sys.argv[1]))
    await engine.start()
    print(engine.process.serving.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny.gguf")


def pid_of(engine: LocalEngine) -> int:
    assert engine.process.serving is not None
    return engine.process.serving.pid


async def test_a_crash_is_unavailable_and_then_over(model: Path) -> None:
    engine = LocalEngine(model)
    await engine.start()
    for _ in range(2):
        dead = pid_of(engine)
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(EngineUnavailable):
            [p async for p in engine.stream(PROMPT, Sampling(max_tokens=5))]

        await eventually(engine.ready)
        assert pid_of(engine) != dead
        assert [p async for p in engine.stream(PROMPT, Sampling(max_tokens=5))]
    await engine.aclose()


async def test_a_restart_that_fails_is_tried_again_later_and_later(model: Path) -> None:
    hidden = model.with_suffix(".hidden")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 4:
            hidden.rename(model)

    config = LocalServerConfig(str(model), slots=1, max_context=512, threads=1, api_key="")
    process = ServerProcess(config, delays=(1, 5, 30), sleep=sleep)
    first = await process.start()
    model.rename(hidden)  # noqa: ASYNC240 - one rename
    os.kill(first.pid, signal.SIGKILL)

    async def serves_again() -> bool:
        return process.serving not in (None, first)

    await eventually(serves_again, 60)
    assert waits == [1, 5, 30, 30]
    await process.stop()


async def test_closing_ends_the_process(model: Path) -> None:
    engine = LocalEngine(model)
    await engine.start()
    pid = pid_of(engine)
    await engine.aclose()
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_process_does_not_outlive_its_parent(how: signal.Signals, model: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(model), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert psutil.pid_exists(pid)

    parent.send_signal(how)
    await parent.wait()

    async def is_gone() -> bool:
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"

    await eventually(is_gone)


async def test_the_key_and_the_parents_secrets_are_not_on_show(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TELEGRAM_BOT_TOKEN", "ENCRYPTION_KEYS", "DATABASE_URL", "AWS_SECRET"):
        monkeypatch.setenv(name, "a secret of the bot")
    engine = LocalEngine(model)
    await engine.start()
    assert engine.process.serving is not None
    key = engine.process.serving.api_key
    process = psutil.Process(pid_of(engine))
    assert len(key) >= 32
    assert key not in " ".join(process.cmdline())
    assert key not in " ".join(process.environ().values())
    assert "a secret of the bot" not in process.environ().values()
    assert {c.laddr.ip for c in process.net_connections("tcp")} == {"127.0.0.1"}
    await engine.aclose()


async def test_each_slot_has_the_models_whole_context_up_to_the_limit(model: Path) -> None:
    for limit, window in ((8192, 512), (256, 256)):
        engine = LocalEngine(model, max_context=limit, slots=2)
        assert (await engine.start()).context_window == window
        answer = [p async for p in engine.stream(PROMPT, Sampling(max_tokens=window * 3 // 4))]
        assert len(answer) == window * 3 // 4
        await engine.aclose()


@pytest.mark.parametrize("is_trial", [True, False])
async def test_a_trial_model_brings_its_own_sampling(is_trial: bool, tmp_path: Path) -> None:
    engine = LocalEngine(write_tiny_model(tmp_path / "m.gguf", is_trial=is_trial))
    assert (await engine.start()).is_trial  # far below the 7B class, whatever it says
    assert engine.sampling == (TRIAL_SAMPLING if is_trial else Sampling())
    await engine.aclose()


def test_cores_that_share_silicon_count_once(tmp_path: Path) -> None:
    for cpu in os.sched_getaffinity(0):
        folder = tmp_path / f"cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text("0-1\n")
    assert physical_cores(tmp_path) == 1
    assert physical_cores(tmp_path / "nowhere") == os.cpu_count()


def test_a_tiny_model_gets_one_thread_and_a_real_one_leaves_a_core_while_it_decodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cores, decoding in ((8, 7), (2, 1), (1, 1)):
        monkeypatch.setattr("inference.local.sizing.physical_cores", lambda cores=cores: cores)
        monkeypatch.setattr("inference.local.sizing.cpu_limit", lambda: None)
        assert prompt_threads(7_000_000) == decode_threads(7_000_000) == 1
        assert prompt_threads(4_000_000_000) == cores
        assert decode_threads(4_000_000_000) == decoding


def test_no_more_threads_than_a_container_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.local.sizing.physical_cores", lambda: 64)
    for limit, threads in ((2.5, 2), (0.5, 1), (128.0, 64), (None, 64)):
        monkeypatch.setattr("inference.local.sizing.cpu_limit", lambda limit=limit: limit)
        assert prompt_threads(4_000_000_000) == threads
