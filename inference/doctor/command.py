"""`python -m inference doctor`: one page, and a fix for each finding."""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentTypeError
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from inference.chat_completions import ChatCompletions, Timeouts
from inference.console import CommandError, base_url, environment, say
from inference.doctor.machine import (
    LineStatus,
    bad,
    good,
    look_at_gpus,
    look_at_memory,
    look_at_packages,
    note,
)
from inference.engine import EngineError, Message, Sampling
from inference.openai import OpenAIEngine
from inference.serve.checkpoint import read_checkpoint
from inference.serve.checks import Severity, check_checkpoint, check_memory
from inference.serve.gpus import NoDriver, visible_gpus
from inference.serve.memory import GIB, weight_bytes
from inference.serve.plan import ServeOptions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from inference.doctor.machine import Line

_SHORT = Sampling(max_tokens=256)  # enough for a model that thinks first
_TIMEOUTS = Timeouts(connect=5.0, first_token=60.0, stall=20.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument(
        "model", nargs="?", default=environment("SERVE_MODEL"), metavar="MODEL",
        help="also look at this model's folder [SERVE_MODEL]",
    )  # fmt: skip
    parser.add_argument(
        "--address", default=environment("LMDEPLOY_URLS"), metavar="URL,URL",
        help="also look at these servers; each ends in /v1 [LMDEPLOY_URLS]",
    )  # fmt: skip
    parser.add_argument(
        "--openai-address", default=environment("OPENAI_URLS"), metavar="URL,URL",
        help="the same for other OpenAI-compatible servers, of any path [OPENAI_URLS]",
    )  # fmt: skip
    parser.add_argument("--kv-bits", type=int, default=8, choices=(16, 8, 4))
    parser.add_argument("--session-len", type=int, default=8192)


def run(parsed: argparse.Namespace) -> int:
    """Print the page; 1 if there is something to fix."""
    lines = [*look_at_gpus(), *look_at_packages(), *look_at_memory(Path.cwd()), *_proxy()]
    if parsed.model:
        lines += _checkpoint(Path(parsed.model), parsed)
    lines += asyncio.run(_servers(parsed.address, parsed.openai_address))
    for line in lines:
        say(f"{line.status.value}  {line.area:<10} {line.what}")
        if line.fix:
            say(f"{'':<17}-> {line.fix}")
    broken = sum(line.status is LineStatus.BAD for line in lines)
    say()
    say(f"{broken} to fix." if broken else "Nothing to fix.")
    return 1 if broken else 0


def _proxy() -> Iterator[Line]:
    """LMDeploy's proxy remembers its nodes in a file beside its code, dead ones too."""
    try:
        found = find_spec("lmdeploy")
    except (ImportError, ValueError):
        return
    if found is None or not found.submodule_search_locations:
        return
    file = Path(found.submodule_search_locations[0]) / "serve/proxy/proxy_config.json"
    try:
        nodes = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if nodes:
        yield note(
            "proxy", f"`lmdeploy serve proxy` will begin with {len(nodes)} nodes of an earlier run",
            f"if they are gone: delete {file} before you start it",
        )  # fmt: skip


def _checkpoint(folder: Path, parsed: argparse.Namespace) -> Iterator[Line]:
    try:
        checkpoint = read_checkpoint(folder)
    except CommandError as error:
        yield bad("model", str(error), "download, merge or quantize the model again")
        return
    options = ServeOptions(
        folder, folder.name, kv_bits=parsed.kv_bits, session_len=parsed.session_len
    )
    found = list(check_checkpoint(checkpoint, options))
    try:
        gpus = visible_gpus()
    except NoDriver:
        gpus = []
    if gpus:
        found += check_memory(checkpoint, options, gpus[0].free)
    for finding in found:
        kind = bad if finding.severity is Severity.REFUSAL else note
        yield kind("model", finding.what, finding.fix)
    if not any(finding.severity is Severity.REFUSAL for finding in found):
        size = weight_bytes(checkpoint.shape, checkpoint.quantization) / GIB
        yield good("model", f"{checkpoint.architecture}, {size:.1f} GiB of weights")


async def _servers(lmdeploy: str, openai: str) -> list[Line]:
    checks = [*map(_server, _addresses(lmdeploy)), *map(_openai_server, _addresses(openai))]
    return list(await asyncio.gather(*checks))


def _addresses(listed: str) -> list[str]:
    return [url.strip() for url in listed.split(",") if url.strip()]


async def _openai_server(url: str) -> Line:
    try:
        url = base_url(url)
    except ArgumentTypeError as error:
        return bad("server", str(error), "the bot's OPENAI_URLS must be")
    engine = OpenAIEngine(
        [url],
        api_key=environment("OPENAI_API_KEY"),
        model_name=environment("MODEL_NAME"),
        timeouts=_TIMEOUTS,
    )
    try:
        model = await engine.start()
        async for _ in engine.stream([Message("user", "你好")], _SHORT):
            pass
    except EngineError as error:
        return bad(
            "server", f"{url}: {error}", "are the path, OPENAI_API_KEY and MODEL_NAME right?"
        )
    finally:
        await engine.aclose()
    return good("server", f"{url} answers as {model.name}")


async def _server(url: str) -> Line:
    """One short answer is worth more than any status."""
    try:
        url = base_url(url)
    except ArgumentTypeError as error:
        return bad("server", str(error), "the bot's LMDEPLOY_URLS must be")
    if not url.endswith("/v1"):
        return bad("server", f"{url} does not end in /v1", "the bot's LMDEPLOY_URLS must")
    client = ChatCompletions(url, api_key=environment("LMDEPLOY_API_KEY"), timeouts=_TIMEOUTS)
    try:
        names = await client.models()
        if not names:
            return bad("server", f"{url} serves no model yet", "wait until it has loaded one")
        model = environment("MODEL_NAME") or names[0]
        if model not in names:
            return bad(
                "server", f"{url} serves {', '.join(names)} and not {model}", "see MODEL_NAME"
            )
        async for _ in client.stream([Message("user", "你好")], _SHORT, model):
            pass
    except EngineError as error:
        return bad("server", f"{url}: {error}", "look at the server's log; is the key right?")
    finally:
        await client.aclose()
    return good("server", f"{url} answers as {', '.join(names)}")
