"""The whole way of a rating: pressed in a chat, agreed to, exported, prepared to train with."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from bot.locales import Language, texts_for
from devtools.processes import ROOT, bare_environment
from tests.training.prepare.made_up import smile_records
from training.corpora.registry import read_corpus
from training.prepare.outcome import Options
from training.prepare.run import prepare

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.house import House
    from tests.e2e.people import Telegram
    from tests.e2e.scripted_engine import ScriptedEngine

TEXTS = texts_for(Language.ZH_CN)


def exported(house: House, folder: Path) -> tuple[str, Path]:
    """What `feedback export` prints, run beside the bot on its settings, and the file."""
    file = folder / "feedback.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "bot", "feedback", "export", str(file)],
        env=bare_environment(house.bot.settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, file


def prepared(file: Path, out: Path) -> tuple[str, list[dict[str, object]]]:
    """What is trained on, and the preferences, made of a file of feedback and some other corpus."""
    corpora = {
        "smile": smile_records(300),
        "feedback": read_corpus("feedback", file, lambda _: None),
    }
    prepare(corpora, out, Options(held_out_share=0.02))
    preferences = (out / "dpo.jsonl").read_text("utf-8").splitlines()
    return (out / "train.json").read_text("utf-8"), [json.loads(line) for line in preferences]


async def test_what_a_person_agreed_to_give_is_what_a_model_learns_from(
    telegram: Telegram, engine: ScriptedEngine, house: House, tmp_path: Path
) -> None:
    giving, refusing, silent, in_danger, ageless = [await telegram.person() for _ in range(5)]
    for person in (giving, refusing, silent, in_danger, ageless):
        await person.says("室友李婷总是很晚才睡，我说不出口")
        shown = await person.hears("我听见了", button="👎")
        if person is not ageless:
            notice = await person.hears(TEXTS.care_ask_age, button=TEXTS.care_age_adult)
            await person.presses(TEXTS.care_age_adult, notice)
        assert await person.presses("👍", shown) == TEXTS.rate_thanks_up
        if person is ageless:  # only of adults is it asked, so there is nothing to give
            continue
        question = await person.hears(TEXTS.train_ask, button=TEXTS.train_button_yes)
        if person is refusing:
            await person.presses(TEXTS.train_button_no, question)
        elif person is not silent:
            await person.presses(TEXTS.train_button_yes, question)
        assert await person.presses("👎", shown) == TEXTS.rate_thanks_down
    invitation = await giving.hears(TEXTS.rate_invite)
    await giving.says("听起来你忍了很久，王思远知道吗？", reply_to=invitation.id)
    await giving.hears(TEXTS.rate_rewritten)
    await in_danger.says("我不想活了，想结束自己的生命")
    await in_danger.hears("你现在安全吗")

    assert not any(TEXTS.train_ask in message.text for message in await ageless.sees())

    printed, file = exported(house, tmp_path)

    assert "1 rated prompts of 1 conversations" in printed
    assert "Left out: 1, because danger was noticed" in printed
    assert not telegram.spoken.quoted_in(printed)
    [line] = file.read_text("utf-8").splitlines()
    assert str(giving.id) not in line
    trained, preferences = prepared(file, tmp_path / "prepared")
    assert "听起来你忍了很久，某乙知道吗？" in trained
    [preference] = preferences
    assert preference["prompt"][1:] == [
        {"role": "user", "content": "室友某甲总是很晚才睡，我说不出口"}
    ]
    assert preference["chosen"] == [
        {"role": "assistant", "content": "听起来你忍了很久，某乙知道吗？"}
    ]
    [rejected] = preference["rejected"]
    assert rejected["content"].startswith("我听见了")

    await giving.says("/privacy")
    agreed = await giving.hears(TEXTS.train_state_yes, button=TEXTS.train_button_back)
    await giving.presses(TEXTS.train_button_back, agreed)
    later = tmp_path / "later"
    later.mkdir()
    printed, file = exported(house, later)
    assert "0 rated prompts" in printed
    assert file.read_text("utf-8") == ""
