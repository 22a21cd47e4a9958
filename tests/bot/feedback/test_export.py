"""`python -m bot feedback export`: what leaves the database, and what never does."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.feedback.export import DANGER_KNOWN, DANGER_READ, UNREADABLE, Exported, export_feedback
from bot.storage import NewUpdate, RiskSignal, utc_now
from bot.storage.models import TurnRow
from bot.storage.store import StorageOptions, open_storage
from training.corpora.feedback import FeedbackMoment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.storage.store import Storage

PERSON, OTHER = 4_711_000_001, 4_711_000_002


class Talking:
    """People who talk, rate and agree, in a database of their own."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._update_id = 0

    async def says(self, text: str, answer: str | None, person: int = PERSON) -> int:
        self._update_id += 1
        await self.storage.inbox.add(_update(self._update_id, person))
        turn = await self.storage.turns.begin(person, person, text, [self._update_id])
        assert turn is not None
        if answer is None:
            await self.storage.turns.fail(turn.id, "lost")
        else:
            await self.storage.turns.finish(turn.id, answer, "answered", model="shudong-7b")
        return turn.id

    async def rates(self, turn_id: int, rating: Any, person: int = PERSON) -> None:
        assert await self.storage.feedback.rate(person, turn_id, rating) is not None
        await self.storage.feedback.give_consent(person)

    async def exported(
        self, file: Path, since: datetime | None = None
    ) -> tuple[Exported, list[dict[str, Any]]]:
        done = await export_feedback(self.storage.rated_conversations, file, list, since, Random(1))
        return done, lines_of(file)


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777


def _update(update_id: int, person: int) -> Any:
    return NewUpdate(update_id, person, "chat", b"{}", utc_now())


@pytest.fixture
async def talking(tmp_path: Path) -> AsyncIterator[Talking]:
    storage = await open_storage(StorageOptions(tmp_path / "data"))
    yield Talking(storage)
    await storage.aclose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feedback.jsonl"


async def test_a_moment_is_what_the_reader_takes(talking: Talking, file: Path) -> None:
    await talking.says("睡不着", "怎么了？")
    await talking.says("没人回这句", None)
    turn_id = await talking.says("想考试的事", "多喝热水")
    await talking.rates(turn_id, "down")
    await talking.storage.feedback.record_invitation(PERSON, turn_id, 5)
    await talking.storage.feedback.record_rewrite(PERSON, 5, "听起来很累")
    done, [line] = await talking.exported(file)
    moment = FeedbackMoment.model_validate(line)
    assert [(one.role, one.content) for one in moment.messages] == [
        ("user", "睡不着"),
        ("assistant", "怎么了？"),
        ("user", "没人回这句\n想考试的事"),
    ]
    [answer] = moment.answers
    assert (answer.text, answer.rating, answer.rewritten, answer.model) == (
        "多喝热水",
        "down",
        "听起来很累",
        "shudong-7b",
    )
    assert (done.prompts, done.conversations) == (1, 1)


async def test_only_a_few_exchanges_before_the_answer_go_along(
    talking: Talking, file: Path
) -> None:
    for number in range(20):
        turn_id = await talking.says(f"第{number}句", "嗯")
    await talking.rates(turn_id, "up")
    _, [line] = await talking.exported(file)
    assert len(line["messages"]) == 2 * 6 + 1
    assert line["messages"][0]["content"] == "第13句"


async def test_nothing_leads_back_to_a_person(talking: Talking, file: Path) -> None:
    for person in (PERSON, OTHER):
        turn_id = await talking.says("睡不着", "我在。", person)
        await talking.rates(turn_id, "up", person)
    _, lines = await talking.exported(file)
    assert len({line["id"] for line in lines}) == 2
    assert str(PERSON) not in json.dumps(lines)
    assert str(datetime.now(UTC).year) not in json.dumps(lines)
    assert mode_of(file) == 0o600


async def test_a_talk_is_left_out_whole_once_danger_was_noticed(
    talking: Talking, file: Path
) -> None:
    turn_id = await talking.says("睡不着", "我在。")
    await talking.rates(turn_id, "up")
    until = datetime.now(UTC) + timedelta(days=1)
    await talking.storage.risk.record(RiskSignal(1, PERSON, PERSON, 2, None, {2: until}))
    done, lines = await talking.exported(file)
    assert lines == []
    assert done.left_out == {DANGER_KNOWN: 1}


@pytest.mark.parametrize("where", ["before", "after", "in an answer", "in one's own wording"])
async def test_a_talk_is_left_out_whole_where_the_detector_reads_danger(
    talking: Talking, file: Path, where: str
) -> None:
    danger = "我不想活了，想自杀"
    if where == "before":
        await talking.says(danger, "我在。")
    turn_id = await talking.says("睡不着", "我在。")
    if where == "in an answer":
        await talking.says("今天呢", "你是不是想过结束自己的生命？")
        await talking.says("想过", "我在。")
    if where == "after":
        await talking.says(danger, "我在。")
    await talking.rates(turn_id, "down")
    if where == "in one's own wording":
        await talking.storage.feedback.record_invitation(PERSON, turn_id, 5)
        await talking.storage.feedback.record_rewrite(PERSON, 5, danger)
    done, lines = await talking.exported(file)
    assert lines == []
    assert done.left_out == {DANGER_READ: 1}


async def test_a_talk_that_no_key_opens_keeps_no_other_back(talking: Talking, file: Path) -> None:
    for person in (PERSON, OTHER):
        turn_id = await talking.says("睡不着", "我在。", person)
        await talking.rates(turn_id, "up", person)
    broken = sa.update(TurnRow).where(TurnRow.user_id == OTHER).values(user_text=b"x" * 60)
    await talking.storage.database.write(lambda connection: connection.execute(broken))
    done, lines = await talking.exported(file)
    assert len(lines) == 1
    assert done.left_out == {UNREADABLE: 1}


def test_the_command_takes_names_out_counts_and_prints_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def talked() -> None:
        storage = await open_storage(StorageOptions(tmp_path / "data"))
        talking = Talking(storage)
        for person, text in ((PERSON, "室友李婷欺负我"), (OTHER, "我想自杀")):
            turn_id = await talking.says(text, "我在，王思远呢？", person)
            await talking.rates(turn_id, "up", person)
        await storage.aclose()

    asyncio.run(talked())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    assert main(["feedback", "export", "out.jsonl"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == "1 rated prompts of 1 conversations are in out.jsonl."
    assert "Taken out and replaced: 某人 2." in printed
    assert f"Left out: 1, because {DANGER_READ}." in printed
    written = (tmp_path / "out.jsonl").read_text("utf-8")
    assert "某甲" in written
    for name in ("李婷", "王思远"):
        assert name not in printed + written

    assert main(["feedback", "export", "out.jsonl"]) == 1
    assert "out.jsonl is there already" in capsys.readouterr().err
    assert (tmp_path / "out.jsonl").read_text("utf-8") == written
    assert main(["feedback", "export", "later.jsonl", "--since", "2999-01-01"]) == 0
    assert (tmp_path / "later.jsonl").read_text("utf-8") == ""
