"""What the features declare is whole: a menu text in each language, a callback for each button."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.locales import Language, texts_for
from bot.locales.care import care_texts_for
from bot.locales.exercises import exercise_texts_for
from bot.locales.operators import operator_texts_for
from bot.locales.plan import plan_texts_for
from bot.locales.settings import settings_texts_for
from bot.locales.talk import talk_texts_for
from bot.locales.trusted import trusted_texts_for
from bot.safety.care import CarePage
from bot.storage import MemoryKind, PlanStep, Preferences, Role
from bot.telegram import features
from bot.telegram.feature import Callback, Command, Feature, button_row
from bot.telegram.features.admin.acts import OperatorAct
from bot.telegram.features.exercises.catalog import FORMS, Exercise
from bot.telegram.features.settings.pages import Chosen, Page
from bot.telegram.router import Router
from tests.bot.telegram.updates import FIRST_MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telegram import InlineKeyboardMarkup

FEATURES = Path(features.__file__).parent
OPERATORS = {
    *("admin", "audit", "ban", "grant", "incident", "invite", "maintenance", "quota", "revoke"),
    *("broadcast", "complaints", "engine", "stats", "unban"),
}
HIDDEN = {"close", "pass", "no_human", "trusted", *OPERATORS}
"""Commands that no menu of everybody shows: people learn of them when a human takes over;
operators have to switch on the last one, and have theirs behind /admin."""
MAX_CALLBACK_DATA = 64  # bytes, Bot API
ID = 2**53  # no id of Telegram is longer

EXAMPLES: dict[str, list[Any]] = {
    "user_id": [ID],
    "admin_id": [ID],
    "turn_id": [ID],
    "handover_id": [ID],
    "target": ["all", str(ID)],
    "contact": ["@shudong", "care@example.org"],
    "safe": [True, False],
    "discreet": [True, False],
    "ratable": [True, False],
    "rated": [None, "up", "down"],
    "version": [1, 2, 3],
    "versions": [3],
    "explained": [True, False],
    "agreed": [True, False],
    "step": list(PlanStep),
    "empty": [[], list(PlanStep)],
    "written": [(), ("睡不着",)],
    "walks": [True, False],
    "always": [True, False],
    "harm": [True, False],
    "may_choose_always": [True, False],
    "token": ["a-B_" * 6],
    "link_id": [ID],
    "people": [[(ID, "小林")]],
    "username": [None, "shudong_bot"],
    "command": ["plan", "care"],
    "page": list(CarePage),
    "verb": ["erase", "cast", "uncast"],
    "number": [1, 6, ID],
    "state": ["running", "paused", "done"],
    "operator_id": [ID],
    "target_id": [ID],
    "acts": [[OperatorAct("audit", Role.ADMIN, None, lambda texts: texts.menu_audit)]],
    "has_lines": [True, True, False],
    "is_off": [False, True],
    "line_ids": [[ID, ID - 1, ID - 2, ID - 3, ID - 4, ID - 5]],
    "line_id": [ID],
    "kind": list(MemoryKind),
    "remembers": [True, False],
    "setting": list(Page),
    "kept_count": [0, 3],
    "exercise": list(Exercise),
    "is_open": [True, False],
    "form_step": [step for steps in FORMS.values() for step in steps],
    "sheets": [[(ID, "11-30 三件好事")]],
    "sheet_id": [ID],
    "chosen": [Chosen(Preferences(), None, Language.ZH_CN, FIRST_MOMENT)],
    "more": [[("记忆", "set:show")]],
    "keyboard": [button_row(("安全", f"risk:safe:{ID}"))],
}
"""Values for the parameters of keyboards, by name; a new parameter needs some here."""
TEXTS_OF = {
    "Texts": texts_for,
    "PlanTexts": plan_texts_for,
    "ExerciseTexts": exercise_texts_for,
    "SettingsTexts": settings_texts_for,
    "CareTexts": care_texts_for,
    "TrustedTexts": trusted_texts_for,
    "OperatorTexts": operator_texts_for,
    "TalkTexts": talk_texts_for,
}


def keyboards() -> Iterator[Callable[..., InlineKeyboardMarkup | None]]:
    """Every public function of the features that makes a keyboard."""
    for file in sorted(FEATURES.rglob("*.py")):
        module = ".".join(["bot.telegram.features", *file.relative_to(FEATURES).parts])[:-3]
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.FunctionDef)
                and node.returns is not None
                and "InlineKeyboardMarkup" in ast.unparse(node.returns)
            ):
                yield getattr(importlib.import_module(module), node.name)


def filled_in(keyboard: Callable[..., InlineKeyboardMarkup | None]) -> Iterator[dict[str, Any]]:
    """Arguments for a keyboard, each value of each parameter at least once."""
    names = [name for name in inspect.signature(keyboard).parameters if name != "texts"]
    for turn in range(max((len(EXAMPLES[name]) for name in names), default=1)):
        yield {name: EXAMPLES[name][turn % len(EXAMPLES[name])] for name in names}


@pytest.mark.parametrize("language", Language)
def test_every_command_has_a_menu_text_that_telegram_takes(room, language):
    texts = texts_for(language)
    for command in room.router.commands.values():
        assert (command.menu is None) == (command.name in HIDDEN)
        for menu in (command.menu, command.admin_menu):
            assert menu is None or 1 <= len(menu(texts)) <= 256
        assert command.name.isascii()
        assert command.name == command.name.lower()


async def test_everybody_sees_the_menu_in_its_order_and_admins_their_own_words(room):
    published = {}

    async def set_my_commands(commands, scope, *, language_code):
        published[scope.type, language_code] = {one.command: one.description for one in commands}

    room.bot.set_my_commands = set_my_commands
    await room.router.publish_menus()
    texts = texts_for(Language.EN)
    everybody, admins = published["default", "en"], published["chat", "en"]
    assert [*everybody, "admin"] == list(admins)
    assert list(everybody) == [
        *("help", "help_now", "human", "stop", "reset", "memory", "contact", "plan"),
        *("exercises", "care", "settings", "safety", "about", "complain"),
        *("privacy", "export", "erase", "start"),
    ]
    different = {name for name in everybody if everybody[name] != admins[name]}
    assert different == {"reset"}
    assert admins["reset"] == texts.command_admin_reset


@pytest.mark.parametrize("language", Language)
def test_every_button_is_read_by_a_declared_callback(room, language):
    read = set()
    for keyboard in keyboards():
        for arguments in filled_in(keyboard):
            texts = TEXTS_OF[inspect.signature(keyboard).parameters["texts"].annotation]
            markup = keyboard(texts(language), **arguments)
            buttons = [button for row in markup.inline_keyboard for button in row] if markup else []
            for button in buttons:
                if button.callback_data is None:
                    assert button.url
                    continue
                assert len(button.callback_data.encode()) <= MAX_CALLBACK_DATA
                prefix, *rest = button.callback_data.split(":")
                room.router.callbacks[prefix].parse(rest)
                read.add(prefix)
    assert read == room.router.callbacks.keys()


@pytest.mark.parametrize("extra", ["", ":", ":yes", f":yes:{2**63}", ":1:2:3:4"])
def test_no_callback_reads_what_no_button_has(room, extra):
    for callback in room.router.callbacks.values():
        with pytest.raises(ValueError):  # noqa: PT011  (any refusal will do)
            callback.parse(extra.split(":")[1:])


def test_a_prefix_or_name_that_two_features_declare_is_refused():
    async def run(_request, _data=None):
        return None

    class Twice(Feature):
        commands = (Command(name="twice", run=run, menu=None),)
        callbacks = (Callback(prefix="twice", parse=tuple, run=run),)

    class OnlyButtons(Twice):
        commands = ()

    for pair in ((Twice(), Twice()), (OnlyButtons(), OnlyButtons())):
        with pytest.raises(ValueError, match="'twice'"):
            Router(None, pair, door=None, pace=None, menus=None)
