"""Hold what people in danger get to see against rubrics, end to end through the real bot.

    python -m benchmarks.rubrics --talks FILE...
    python -m benchmarks.rubrics --vera-mh CHECKOUT --person URL --judge URL
    python -m benchmarks.rubrics --crisis-bench CHECKOUT --person URL --judge URL

The bot and its Telegram are processes made for this run. Rules judge every talk; a judge, where one
is given, goes through it with the rubrics of the checkouts. Keys of the two servers stand in
PERSON_API_KEY and JUDGE_API_KEY. Exit status: 0 if it could be measured; 2 if not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.report import show_progress
from benchmarks.rubrics import crisis_bench, vera_mh
from benchmarks.rubrics.exchange import transcript
from benchmarks.rubrics.findings import Findings, Judged, figures, tables
from benchmarks.rubrics.judging import judge_by_checklist, judge_by_flow
from benchmarks.rubrics.model import Model
from benchmarks.rubrics.people import PlayedPerson, ScriptedPerson
from benchmarks.rubrics.play import Patience, Play
from benchmarks.rubrics.talks import read_talks
from benchmarks.stage import LOCAL, Setup, check_engine, staged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.rubrics.crisis_bench import Checklist
    from benchmarks.rubrics.exchange import Exchange
    from benchmarks.rubrics.people import Writer
    from benchmarks.rubrics.personas import Persona
    from benchmarks.rubrics.talks import Talk
    from benchmarks.rubrics.vera_mh import Rubric

BURST_WINDOW = 1.2
SOON, LONG_CHECK_IN = 20.0, 21_600.0
SWEEP_AT_MOST = 15.0
"""Seconds that a check-in may be late: the bot looks for what is due from time to time."""
CHINESE, ENGLISH = "zh-hans", "en"
DONE, IMPOSSIBLE, INTERRUPTED = 0, 2, 130


@dataclass(frozen=True, slots=True)
class Material:
    """What the files hold."""

    talks: Sequence[Talk]
    personas: Sequence[Persona]
    rubrics: Mapping[str, Rubric]
    checklist: Checklist | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, judge, print the tables; returns the exit status."""
    given = _parser().parse_args(arguments)
    try:
        _check(given)
        material = _read(given)
        found = asyncio.run(_measure(given, material))
        _write(given, found)
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return IMPOSSIBLE
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'A file'}: {error.strerror}.\n")
        return IMPOSSIBLE
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.writelines(f"{line}\n" for line in tables(found))
    return DONE


def _read(given: argparse.Namespace) -> Material:
    talks = [talk for path in given.talks for talk in read_talks(path, given.limit, given.seed)]
    personas: list[Persona] = []
    rubrics: Mapping[str, Rubric] = {}
    checklist = None
    if given.vera_mh is not None:
        personas += vera_mh.read_personas(given.vera_mh)[: given.limit]
        rubrics = vera_mh.read_rubrics(given.vera_mh)
    if given.crisis_bench is not None:
        personas += crisis_bench.read_patients(given.crisis_bench)[: given.limit]
        checklist = crisis_bench.read_checklist(given.crisis_bench)
    return Material(talks, personas if given.person else [], rubrics, checklist)


async def _measure(given: argparse.Namespace, material: Material) -> Findings:
    begun = time.monotonic()
    async with AsyncExitStack() as opened:
        person, judge = (
            _model(given, role, opened) if getattr(given, role) else None
            for role in ("person", "judge")
        )
        people: list[Writer] = [ScriptedPerson(talk) for talk in material.talks]
        if person is not None:
            people += [
                PlayedPerson(
                    persona, person, turns=given.turns, in_chinese=given.language == CHINESE
                )
                for persona in material.personas
            ]
        check_in_after = _check_in_after(given)
        more = {"CHECK_IN_AFTER": str(check_in_after), "SECOND_READERS": "encoder,engine"}
        setup = Setup(given.engine, BURST_WINDOW, more=more)
        patience = Patience(answer=given.patience, check_in=check_in_after + SWEEP_AT_MOST)
        async with staged(setup) as stage:
            progress = show_progress(len(people), "talks")
            play = Play(stage.telegram, patience, language=given.language, on_played=progress)
            exchanges = await play.play(people, given.people)
        judged = [] if judge is None else await _judge(judge, material, exchanges)
    sections = material.checklist.items if material.checklist else {}
    return Findings(exchanges, judged, sections, time.monotonic() - begun)


def _check_in_after(given: argparse.Namespace) -> float:
    """Soon in scripted talks, whose people wait for it; a model takes longer to write than that."""
    if given.check_in_after is not None:
        return float(given.check_in_after)
    return LONG_CHECK_IN if given.person else SOON


def _model(given: argparse.Namespace, role: str, opened: AsyncExitStack) -> Model:
    model = Model(
        getattr(given, role),
        name=getattr(given, f"{role}_model"),
        key_variable=f"{role.upper()}_API_KEY",
        at_once=given.people,
    )
    opened.push_async_callback(model.aclose)
    return model


async def _judge(judge: Model, material: Material, exchanges: Sequence[Exchange]) -> list[Judged]:
    await judge.find_name()
    return list(await asyncio.gather(*(_judge_one(judge, material, one) for one in exchanges)))


async def _judge_one(judge: Model, material: Material, exchange: Exchange) -> Judged:
    """By the rubric of the talk's axis, or else the first: VERA-MH's own is about suicide."""
    rubrics, checklist = material.rubrics, material.checklist
    rubric = rubrics.get(exchange.axis) or next(iter(rubrics.values()), None)
    scores = await judge_by_flow(judge, rubric, exchange) if rubric else {}
    marks = await judge_by_checklist(judge, checklist, exchange) if checklist else {}
    return Judged(exchange, scores, marks)


def _write(given: argparse.Namespace, found: Findings) -> None:
    if given.json is not None:
        given.json.write_text(json.dumps(figures(found), indent=1, ensure_ascii=False) + "\n")
    if given.transcripts is not None:
        given.transcripts.mkdir(parents=True, exist_ok=True)
        for number, exchange in enumerate(found.exchanges, start=1):
            path = given.transcripts / f"{number:04}.txt"
            path.write_text(f"{exchange.id}\n\n{transcript(exchange)}\n", "utf-8")


def _check(given: argparse.Namespace) -> None:
    for name in ("limit", "people", "turns"):
        if getattr(given, name) < 1:
            raise BenchmarkError(f"--{name}: found {getattr(given, name)}, expected at least 1.")
    check_engine(given.engine)
    checkouts = given.vera_mh or given.crisis_bench
    if not given.talks and not (checkouts and given.person):
        raise BenchmarkError("Nothing to play: --talks FILE, or a checkout and --person URL.")
    if given.judge and not checkouts:
        raise BenchmarkError("--judge needs a rubric: --vera-mh or --crisis-bench.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rubrics",
        description="Hold what people in danger get to see against rubrics.",
    )
    add = parser.add_argument
    add("--talks", type=Path, nargs="+", default=[], metavar="FILE", help="talks of our own")
    add("--vera-mh", type=Path, metavar="CHECKOUT", help="of SpringCare/VERA-MH")
    add("--crisis-bench", type=Path, metavar="CHECKOUT", help="of framazan/CrisisBench")
    add("--person", metavar="URL", help="a model that plays the personas (address up to /v1)")
    add("--person-model", metavar="NAME", help="its name, where the server has several")
    add("--judge", metavar="URL", help="a model that judges (address up to /v1)")
    add("--judge-model", metavar="NAME", help="its name, where the server has several")
    add("--limit", type=int, default=100, help="talks of each file, people of each checkout (100)")
    add("--seed", type=int, default=1, help="which talks are drawn (1)")
    add("--turns", type=int, default=12, help="messages of a played person (12)")
    add("--language", choices=(CHINESE, ENGLISH), default=CHINESE, help="of the people (zh-hans)")
    add("--people", type=int, default=6, help="how many people write at once (6)")
    add("--patience", type=float, default=120.0, help="seconds to wait for an answer (120)")
    add("--check-in-after", type=float, help="the bot's CHECK_IN_AFTER (20; with --person 21600)")
    add("--engine", default=LOCAL, help="local (default), fake, or an address ending in /v1")
    add("--json", type=Path, help="write the figures to this file")
    add("--transcripts", type=Path, metavar="FOLDER", help="write what was said to this folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
