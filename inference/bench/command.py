"""`python -m inference bench`: load on a server, and how it bears it."""

from __future__ import annotations

import asyncio
import json
import os
import platform
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from inference.bench.dialogues import packaged, read, shuffled, within
from inference.bench.figures import figures_of, ratios, table, to_json
from inference.bench.load import Bench
from inference.bench.plot import check_plotting, plot
from inference.bench.target import at_address, on_this_cpu
from inference.console import CommandError, base_url, environment, say
from inference.engine import EngineError, Sampling

if TYPE_CHECKING:
    import argparse

    from inference.bench.figures import Figures
    from inference.bench.target import Target

N = TypeVar("N", int, float)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--address", type=base_url, metavar="URL", help="base URL of a server, ending in /v1"
    )
    what.add_argument("--local", type=Path, metavar="GGUF", help="llama.cpp on this CPU")
    what.add_argument(
        "--baseline", type=Path, metavar="FOLDER",
        help="transformers in this process, one request at a time, for comparison",
    )  # fmt: skip
    parser.add_argument("--model-name", default="", help="default: the first the server lists")
    parser.add_argument(
        "--dialogues", type=Path, metavar="FILE",
        help="JSON lines in SmileChat's format, .xz too (default: a small sample of our own)",
    )  # fmt: skip
    parser.add_argument(
        "--people", default="1,4,16,64", metavar="N,N",
        help="closed loop: so many write at once, one load after the other (1,4,16,64)",
    )  # fmt: skip
    parser.add_argument(
        "--requests", type=int, default=0,
        help="requests of one load (default: four for each person, at least 16)",
    )  # fmt: skip
    parser.add_argument(
        "--rates", default="", metavar="R,R",
        help="open loop instead: so many arrive a second, by chance",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long people arrive in an open loop (60)"
    )
    parser.add_argument("--max-tokens", type=int, default=256, help="of one answer (256)")
    parser.add_argument(
        "--context", type=int, default=8192,
        help="tokens of prompt and answer together; longer prompts lose their beginning (8192)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="of the order of dialogues (1)")
    parser.add_argument("--trust-remote-code", action="store_true", help="for --baseline")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (extra `bench`)")
    parser.add_argument(
        "--against", type=Path, metavar="FILE", help="figures of another run, for the ratio"
    )


def run(parsed: argparse.Namespace) -> int:
    """Measure, print the table, and write what was asked for; 1 if requests failed."""
    people = _numbers("--people", parsed.people, int)
    rates = _numbers("--rates", parsed.rates, float)
    others = _figures_in(parsed.against) if parsed.against else []
    _check(parsed, loads=len(people) + len(rates))
    name, figures = asyncio.run(_measure(parsed, people, rates))
    say()
    say(table(figures))
    compared = ratios(figures, others)
    for line in compared:
        say(f"against {parsed.against.name}, {line}")
    if parsed.against and not compared:
        say(f"{parsed.against.name} has none of these loads to compare with.")
    if parsed.json:
        content = {"target": name, "machine": _machine(), "loads": to_json(figures)}
        _write(parsed.json, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    if parsed.plot:
        plot(figures, name, parsed.plot)
    return 1 if any(f.failed for f in figures) else 0


async def _measure(
    parsed: argparse.Namespace, people: list[int], rates: list[float]
) -> tuple[str, list[Figures]]:
    conversations = within(
        read(parsed.dialogues) if parsed.dialogues else packaged(),
        parsed.context - parsed.max_tokens,
    )
    random = Random(parsed.seed)  # noqa: S311 - an order, not a secret
    sampling = replace(Sampling(), max_tokens=parsed.max_tokens)
    async with AsyncExitStack() as stack:
        target = await _target(parsed, max(people, default=1), stack)
        bench = Bench(target, sampling)
        say(f"{target.name}: {len(conversations)} dialogues, answers of {parsed.max_tokens} tokens")
        try:
            await bench.warm_up(conversations)
        except EngineError as error:
            raise CommandError(f"It does not answer: {error}.") from None
        figures = []
        if rates:
            for rate in rates:
                arrivals = shuffled(conversations, random)
                done = await bench.open(arrivals, rate=rate, seconds=parsed.seconds, random=random)
                figures.append(_told(figures_of(done)))
            return target.name, figures
        for number in people:
            order = shuffled(conversations, random)
            requests = parsed.requests or max(4 * number, 16)
            done = await bench.closed(order, people=number, requests=requests)
            figures.append(_told(figures_of(done)))
        return target.name, figures


async def _target(parsed: argparse.Namespace, most_at_once: int, stack: AsyncExitStack) -> Target:
    if parsed.address:
        key = environment("LMDEPLOY_API_KEY")
        opened = at_address(parsed.address, parsed.model_name, key)
        return await stack.enter_async_context(opened)
    if parsed.local:
        return await stack.enter_async_context(on_this_cpu(parsed.local, min(most_at_once, 16)))
    try:
        from inference.bench.baseline import loaded  # noqa: PLC0415 - torch is an extra
    except ImportError as error:
        raise CommandError(
            f"--baseline needs the package {error.name}: pip install --editable '.[inference]'.",
            exit_status=2,
        ) from None
    opened_model = loaded(parsed.baseline, trust_remote_code=parsed.trust_remote_code)
    return await stack.enter_async_context(opened_model)


def _told(figures: Figures) -> Figures:
    failed = ", ".join(f"{count} {name}" for name, count in figures.failures.items())
    say(
        f"{figures.load}: {figures.requests} requests in {figures.seconds:.1f} s, "
        f"{figures.tokens_per_second:.1f} tokens/s{', failed: ' + failed if failed else ''}"
    )
    return figures


def _numbers(flag: str, text: str, kind: type[N]) -> list[N]:
    try:
        numbers = [kind(part) for part in text.split(",") if part.strip()]
    except ValueError:
        numbers = [kind(0)]
    if any(number <= 0 for number in numbers):
        raise CommandError(f"{flag} are numbers above 0, comma-separated.", exit_status=2)
    return numbers


def _check(parsed: argparse.Namespace, *, loads: int) -> None:
    """Refuse before the measurement what would spoil it after minutes."""
    rules = {
        "--people or --rates names a load": loads > 0,
        "--requests is 0 or more": parsed.requests >= 0,
        "--seconds is more than 0": parsed.seconds > 0,
        "--max-tokens is at least 1": parsed.max_tokens >= 1,
        "--context is more than --max-tokens": parsed.context > parsed.max_tokens,
    }
    for rule, kept in rules.items():
        if not kept:
            raise CommandError(f"{rule}.", exit_status=2)
    for file in filter(None, (parsed.json, parsed.plot)):
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise CommandError(f"{file} cannot be written.", exit_status=2)
    if parsed.plot:
        check_plotting(parsed.plot)


def _figures_in(file: Path) -> list[dict[str, Any]]:
    try:
        loads: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["loads"]
        return [
            {"load": one["load"], "tokens_per_second": one["tokens_per_second"]} for one in loads
        ]
    except (OSError, ValueError, KeyError, TypeError):
        raise CommandError(
            f"{file} holds no figures that `bench --json` wrote.", exit_status=2
        ) from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({error.strerror}).") from None


def _machine() -> dict[str, str]:
    return {"python": platform.python_version(), "system": platform.platform()}
