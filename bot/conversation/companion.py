"""One turn of a conversation: safety first, then context, then the model's words.

Knows neither Telegram nor SQL: it is given a stored turn and gives back what to show.
"""

from __future__ import annotations

import re
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.conversation.answer_timer import AnswerTimer, SlowEngineAlarm
from bot.conversation.budget import TokenBudget, share_window
from bot.conversation.crisis_protocol import Met
from bot.conversation.local_time import zone_for
from bot.conversation.memory.folding import fold_at
from bot.conversation.memory.local_time import part_of_day, told_absence
from bot.conversation.memory.record import told_record
from bot.conversation.objections import OBJECTIONS
from bot.conversation.prompt import build_prompt
from bot.conversation.reading import FirstReading
from bot.conversation.repetition import RepetitionWatch
from bot.conversation.script import script_for, write
from bot.conversation.spoken_language import BESIDE_WORDS, IN_PERSONA, language_to_ask_for
from bot.conversation.wishes import wishes
from bot.locales import texts_for
from bot.safety import (
    EARLIER_HANDED_IN,
    LOWEST_BY_WORD,
    RETRACTED,
    SAID_BEFORE,
    Assessment,
    Danger,
    Guard,
    GuardContext,
    RiskLevel,
    Utterance,
    asked_by_card,
    asked_outside_answers,
    asks_about_danger,
    asks_of_another,
    card,
    danger_by_name,
    danger_of,
    guidance,
    instead_of,
    level_at,
    model_may_answer,
    needs_card,
    question_of_another,
    read_as_answer,
    region_of,
    says_safe,
    takes_back,
    word,
)
from bot.safety.hotlines import numbers_for
from bot.safety.occasions import Occasion, asks_only_what_this_is, occasions_in
from bot.safety.quoted import own_words
from bot.storage import MemoryRecord
from inference.engine import ContextTooLong, EngineRejected, ignore_wait, shown_name
from inference.nodes.engine import NodesEngine
from inference.persona import SYSTEM_PROMPT
from inference.server_errors import EndpointRefused
from inference.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Sequence
    from datetime import datetime

    from bot.conversation.crisis_protocol import CrisisProtocol
    from bot.conversation.history import History
    from bot.conversation.memory.folding import MemoryFolding
    from bot.conversation.script import Script
    from bot.conversation.second_reader import SecondReading
    from bot.locales import Language
    from bot.safety import Blocked
    from bot.storage import (
        ChosenPreferences,
        Clock,
        Counters,
        Disclosure,
        Memories,
        PastTurn,
        Preferences,
        Risk,
        Turn,
        TurnRisk,
    )
    from inference.engine import Engine, Message, ModelInfo, OnWait
    from inference.nodes.node import Node
    from inference.tokens import TokenCounter

log = structlog.get_logger(__name__)

ASKED_FOR_TURNS = 3
"""After a question about danger it is not added to the answers of so many turns."""

FOR_THE_OLD = (
    "对方说过自己年纪大了：称呼「您」，句子短，用平常的词；不提斜杠命令，不用网络用语。"
    "有人要 TA 转钱、给验证码，请 TA 先别给，问问家里人或警察。"
)
"""What the model is told where a person has said that they are old."""

SCRIPT_FROM = 3
"""A person's script is told from so many of their last messages."""

_QUESTION_OF_ANOTHER = re.compile(
    r"(?:[他她]|\bta\b|那个人|朋友|\bthey\b|\bthem\b|\bhe\b|\bshe\b)[^。！？!?\n]*[?？]",
    re.IGNORECASE,
)

NARROWER = (1.0, 0.5, 0.2)
"""Shares of the context window tried in turn when the engine finds a prompt too long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one turn is going to be."""

    turn: Turn
    language: Language
    past: Sequence[PastTurn]
    assessment: Assessment
    """What was read in this turn."""
    level: RiskLevel
    """What the turn is treated as: what was read in it, or the danger of the last days."""
    risk: TurnRisk
    memory: MemoryRecord
    """What is remembered of the person beyond `past`; before others, nothing."""
    disclosure: Disclosure
    """What the person was told and asked, and what they answered."""
    preferences: Preferences
    """How they want to be spoken to."""
    reviewed_answer: str | None
    """A reviewed text in place of the model's answer, where it is known before the turn is
    answered."""
    lowers_risk: bool
    """Whether the person's word that they are safe, or take it back, is to be stored; `risk` is as
    it is then."""
    said: tuple[Utterance, ...] = ()
    """What was read: the turn, and before it what it is read with."""
    card_asks: bool = False
    """Whether a card went out for this turn: it has asked, and nothing else asks in this turn."""
    model: str = ""
    """The model that was served when the turn was planned."""
    met_for: str | None = None
    """The danger that the person is met for since before this turn, if it is known."""
    by_protocol: bool = False
    """Whether the protocol answers, step by step, and not the model."""
    occasions: frozenset[Occasion] = frozenset()
    """What else was said that is met by a reviewed text."""
    lead: str | None = None
    """A reviewed text that stands before the answer, whoever gives that."""
    on_occasion: bool = False
    """Whether `reviewed_answer` is for an occasion, and not for a danger."""
    is_goodbye: bool = False
    """Whether the person leaves: one reviewed line, and nothing after it."""

    @property
    def is_shared(self) -> bool:
        """Whether others read along, to whom nothing of a person's danger is shown."""
        return self.turn.chat_id != self.turn.user_id

    @property
    def is_reviewed(self) -> bool:
        """Whether a reviewed text is the answer."""
        return self.reviewed_answer is not None or self.by_protocol


class Companion:
    """Plans turns and answers them with an engine."""

    def __init__(
        self,
        engine: Engine,
        serving: Callable[[], ModelInfo],
        history: History,
        risk: Risk,
        counters: Counters,
        preferences: ChosenPreferences,
        protocol: CrisisProtocol,
        memories: Memories,
        folding: MemoryFolding,
        *,
        max_answer_tokens: int,
        trusted_at_risk: Collection[str] = (),
        now: Clock,
        count_tokens: TokenCounter = estimate_tokens,
        first: FirstReading | None = None,
        second: SecondReading | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`serving`: what the engine serves now, which may change from one turn to the next.

        `trusted_at_risk`: the names of models that may speak to people in danger; never a trial.
        """
        self.first_reading = first or FirstReading(None, counters)
        """What reads messages, where they arrive too."""
        self._engine = engine
        self._clock = clock
        self._slow_engine = SlowEngineAlarm(clock)
        self._second = second
        self._serving = serving
        self._history = history
        self._risk = risk
        self._now = now
        self._counters = counters
        self._count_tokens = count_tokens
        self._preferences = preferences
        self._protocol = protocol
        self._memories = memories
        self.folding = folding
        self._trusted_at_risk = frozenset(trusted_at_risk)
        self._max_answer_tokens = max_answer_tokens

    async def plan(self, turn: Turn, language: Language, found: Assessment | None = None) -> Plan:
        """Read the past, let the detector read the turn, and decide who answers it.

        `found` is what a second reading of the same words has found, see `read_again`.

        Raises:
            StorageError: the history cannot be read.
        """
        past = await self._history.load(turn)
        risk = await self._risk.for_turn((turn.user_id, turn.chat_id), turn.id)
        said = _said(past, turn, risk, language)
        assessment = await self._assess(turn, said, risk)
        kept = level_at(risk.ends, self._now())
        is_safe = bool(risk.ends) and says_safe(own_words(turn.user_text))
        is_taken_back = needs_card(kept) and takes_back(own_words(turn.user_text))
        if is_safe or is_taken_back:
            assessment = Assessment(RiskLevel.NONE)
        elif found is not None:
            assessment = max(assessment, found, key=lambda one: one.level)
        lowers_risk = (is_safe or is_taken_back) and turn.attempts == 1
        if lowers_risk:
            risk = _after_saying_safe(risk, self._now())
        level = max(assessment.level, level_at(risk.ends, self._now()))
        if level is not RiskLevel.NONE:
            read = assessment.level.label
            log.info("risk_detected", turn=turn.id, read=read, treated_as=level.label)
        last = past[-1].answer if past else None
        reviewed = None
        if is_safe and last != texts_for(language).risk_safe:
            reviewed = texts_for(language).risk_safe
        elif is_taken_back:
            reviewed = texts_for(language).risk_taken_back
        disclosure, preferences, memory = await self._known(turn)
        plan = Plan(
            turn=turn,
            language=language,
            past=past,
            assessment=assessment,
            level=level,
            risk=risk,
            memory=memory,
            disclosure=disclosure,
            preferences=preferences,
            reviewed_answer=reviewed,
            lowers_risk=lowers_risk,
            met_for=risk.talk.danger,
            model=self._serving().name,
            said=() if is_safe or is_taken_back else tuple(said),
        )
        if plan.is_shared and (assessment.level or needs_card(level)):
            return replace(plan, reviewed_answer=word("in_group", language))
        by_protocol = reviewed is None and await self._is_by_protocol(plan)
        return _on_occasion(replace(plan, by_protocol=by_protocol))

    async def _known(self, turn: Turn) -> tuple[Disclosure, Preferences, MemoryRecord]:
        """What is known of a person; what they told in private is not for a group."""
        if turn.chat_id == turn.user_id:
            return await self._memories.for_turn(turn.user_id, turn.conversation_id)
        return *await self._preferences.read_with_disclosure(turn.user_id), MemoryRecord()

    async def _assess(self, turn: Turn, said: Sequence[Utterance], risk: TurnRisk) -> Assessment:
        """How serious a turn is by what was read and what was asked before it."""
        standing = level_at(risk.ends_before, self._now())
        assessment = await self.first_reading.read(said, standing)
        if turn.chat_id == turn.user_id:
            asked = risk.talk.asked[-1] if risk.talk.asked else None
            words = own_words(turn.user_text)
            assessment = read_as_answer(assessment, words, asked, risk.talk.danger)
        kept = level_at(risk.ends, self._now())
        # The detector goes by the words of the talk; what was said then may have faded since, or
        # the person may have taken it back.
        has_faded = assessment.reasons == (SAID_BEFORE,) and kept is RiskLevel.NONE
        is_retracted = assessment.reasons == (RETRACTED,) and assessment.level > kept
        return Assessment(RiskLevel.NONE) if has_faded or is_retracted else assessment

    async def _is_by_protocol(self, plan: Plan) -> bool:
        """Whether reviewed texts answer, because the model is not trusted with such a turn."""
        model = self._serving()
        is_trusted = model.name in self._trusted_at_risk and not model.is_trial
        if not model_may_answer(plan.level, is_trusted=is_trusted):
            return True
        if plan.level is not RiskLevel.CONCERN or not model.is_trial:
            return False
        if plan.assessment.level and plan.assessment.reasons != (SAID_BEFORE,):
            return True
        return await self._protocol.is_followed_up(plan.turn)

    async def reviewed(self, plan: Plan) -> str | None:
        """The reviewed answer to a turn; None where its card has said all there is to say.

        Raises:
            StorageError: what was asked before is not known, or this cannot be kept.
        """
        if plan.is_shared:
            if plan.card_asks and plan.is_reviewed:
                return word("in_group_again", plan.language)
            return plan.reviewed_answer
        if plan.card_asks:
            await self._protocol.hear(plan.turn)
            return plan.lead
        if plan.on_occasion:
            return plan.reviewed_answer
        region = region_of(plan.risk.region)
        if plan.reviewed_answer is not None:
            says = self._protocol.take_back
            if plan.reviewed_answer == texts_for(plan.language).risk_safe:
                says = self._protocol.say_safe
            return await says(plan.turn.user_id, plan.language, region, plan.reviewed_answer)
        met = Met(
            plan.assessment,
            plan.level,
            is_minor=plan.disclosure.is_minor if plan.disclosure.age is not None else None,
            is_asked_after=plan.risk.check_in_at is not None,
        )
        return _behind_lead(
            plan, await self._protocol.answer(plan.turn, plan.language, region, met)
        )

    async def read_again(self, plan: Plan) -> Assessment:
        """Let the second readers read a turn, beside its answer. Never raises.

        What is imminent already is not read, nor the words "I am safe": they are taken as said.
        """
        is_read = plan.said and plan.assessment.level < RiskLevel.IMMINENT
        if self._second is None or not is_read:
            return Assessment(RiskLevel.NONE)
        standing = level_at(plan.risk.ends_before, self._now())
        found = await self._second.read(plan.said, standing)
        if found.level > plan.assessment.level:
            log.info("risk_raised", turn=plan.turn.id, read=found.level.label, by=found.reasons)
            await self._counters.add(f"second_raised_{found.level.label}")
        return found

    async def hears_danger(self, words: str) -> bool:
        """Whether words that get no turn tell of danger in meaning. Never raises."""
        if self._second is None:
            return False
        found = await self._second.read([Utterance(words)], RiskLevel.NONE)
        return found.level is not RiskLevel.NONE

    def calls_for_card(self, plan: Plan, found: Assessment) -> bool:
        """Whether a second reading brings a card that the first has not brought."""
        is_raised = needs_card(found.level) and found.level > plan.assessment.level
        return is_raised and not self.is_met(plan, found)

    def is_met(self, plan: Plan, found: Assessment) -> bool:
        """Whether the person is met already for what a second reading has found.

        The protocol is asking about it: a card would be a second question. Not so where it is the
        body that is in danger, and was not before.
        """
        if not (plan.by_protocol and plan.risk.talk.asked and found.level <= plan.level):
            return False
        met_for = danger_by_name(plan.met_for) if plan.met_for is not None else None
        return danger_of(found, met_for) is not Danger.BODY or met_for is Danger.BODY

    def ask_openly(self, plan: Plan, found: Assessment, answer: str) -> str:
        """An answer, with the open question behind it where only a second reading has a concern."""
        level = max(plan.level, found.level)
        if (
            plan.is_shared
            or level is plan.level
            or not _has_to_ask(replace(plan, level=level, assessment=found), answer)
        ):
            return answer
        return f"{answer}\n\n{_open_question(replace(plan, assessment=found))}"

    def after_card(self, plan: Plan) -> Plan:
        """The plan of a turn for which a card went out: one question a turn, and that has asked."""
        return replace(plan, card_asks=True)

    async def card(self, plan: Plan, *, repeated: bool, number: int) -> str:
        """The card of what was read in a turn; what it asks is kept as asked.

        Raises:
            StorageError: what was asked before is not known, or this cannot be kept.
        """
        user_id, level, danger = (
            plan.turn.user_id,
            plan.assessment.level,
            danger_of(plan.assessment),
        )
        region = region_of(plan.risk.region)
        if repeated:
            text, said = await self._protocol.again(
                *(user_id, level, danger, plan.language, region), heard=None, number=number
            )
        else:
            text = card(level, plan.language, region, danger=danger, at=self._now())
            said = asked_by_card(level, danger)
        await self._protocol.note_said(user_id, said, danger)
        return text

    async def lower_risk(self, plan: Plan) -> None:
        """Store that the person said they are safe, or was not serious, if the turn says that.

        Raises:
            StorageError: it cannot be stored now.
        """
        if plan.lowers_risk:
            turn = plan.turn
            await self._risk.lower((turn.user_id, turn.chat_id), LOWEST_BY_WORD)

    async def answer(self, plan: Plan, on_wait: OnWait = ignore_wait) -> AsyncGenerator[str, None]:
        """Yield the model's answer as it is made and has been judged.

        `on_wait` is told the place in the queue.

        Raises:
            EngineError: no answer, or not the whole of it.
            Blocked: the model said what must not be read. What was yielded has to go, and
                `replace_blocked` says what stands in its place.
        """
        guard = Guard(
            GuardContext(
                # Whom the operators trust with people in danger is judged the most strictly.
                level=RiskLevel.IMMINENT if needs_card(plan.level) else plan.level,
                said=[
                    *(own_words(earlier.user_text) for earlier in plan.past),
                    own_words(plan.turn.user_text),
                ],
                is_minor=plan.disclosure.is_minor,
            )
        )
        answer: list[str] = []
        if plan.lead is not None:
            yield f"{plan.lead}\n\n"
        watch = RepetitionWatch()
        script = _script(plan)
        async with aclosing(self._words(plan, on_wait)) as pieces:
            async for piece in pieces:
                if shown := guard.feed(piece):
                    answer.append(shown)
                    yield write(shown, script)
                if watch.is_loop(piece):
                    log.warning("answer_repeats_itself", turn=plan.turn.id)
                    break
        if rest := guard.close():
            answer.append(rest)
            yield write(rest, script)
        if _has_to_ask(plan, "".join(answer)):
            yield f"\n\n{_open_question(plan)}"

    def rated_model(self, plan: Plan, answer: str) -> str | None:
        """The name of the model where its answer may be rated by its person; None elsewhere.

        It is not asked of a person who may be in danger, or who is just asked about it; nor of an
        answer during which the model changed.
        """
        if plan.level >= RiskLevel.HIGH or plan.lead is not None or asks_about_danger(answer):
            return None
        return plan.model if plan.model == self._serving().name else None

    async def replace_blocked(self, plan: Plan, blocked: Blocked) -> str:
        """The reviewed text that stands in place of an answer that was blocked, counted."""
        kind = blocked.reason
        level = plan.level
        log.warning("answer_blocked", turn=plan.turn.id, kind=kind.value, level=level.label)
        await self._counters.add(f"guard_{kind.value}")
        instead = instead_of(kind, level, plan.language, region_of(plan.risk.region))
        return _behind_lead(plan, instead)

    async def _words(self, plan: Plan, on_wait: OnWait) -> AsyncGenerator[str, None]:
        """The model's words as they are made, asked for with less of the past if need be.

        What is refused for any reason is asked for once more without the past: there may stand what
        a filter does not let pass, or more than a window takes, in words that are not known here.
        """
        narrower = iter(NARROWER)
        share = next(narrower)
        while True:
            budget = self._budget()  # with each try: the engine may be another one by then
            prompt = self._prompt(plan, int(budget.prompt * share))

            def waits(queue_position: int) -> None:
                self.folding.give_way()
                on_wait(queue_position)

            began = False
            timer = AnswerTimer(self._clock, self._slow_engine)
            try:
                async with aclosing(
                    self._engine.stream(
                        prompt,
                        replace(self._engine.sampling, max_tokens=budget.answer),
                        affinity=str(plan.turn.conversation_id),
                        on_wait=waits,
                    )
                ) as pieces:
                    async for piece in pieces:
                        began = True
                        timer.piece()
                        yield piece
            except EngineRejected as error:
                less = next(narrower, None) if isinstance(error, ContextTooLong) else None
                if began or isinstance(error, EndpointRefused) or not (less or plan.past):
                    raise
                log.info("prompt_refused", turn=plan.turn.id, share=share, detail=str(error))
                if less is not None:  # the estimate was too low for this model's vocabulary
                    share = less
                else:
                    plan = replace(plan, past=())
            else:
                return
            finally:
                timer.close()

    def fold_at(self, plan: Plan, answer: str | None) -> datetime | None:
        """When a conversation is to be folded into what is remembered; None: it is not to be."""
        turn, memory = plan.turn, plan.memory
        if turn.chat_id != turn.user_id or memory.is_off:
            return None
        unfolded = [
            text
            for past in plan.past
            if past.number > memory.folded_number
            for text in (past.user_text, past.answer)
        ]
        words = [text or "" for text in (*unfolded, turn.user_text, answer)]
        return fold_at(sum(map(estimate_tokens, words)), self._budget().prompt, self._now())

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes of the engine; none where it is a model in this machine."""
        return self._engine.nodes if isinstance(self._engine, NodesEngine) else ()

    async def ready(self) -> bool:
        """Whether an answer asked for now would find a model. Never raises, takes <= 2 s."""
        return await self._engine.ready()

    async def remember(self, plan: Plan, answer: str | None, revision: int) -> None:
        """Put a turn that was stored as `revision` into the cache of the history."""
        await self._history.save(plan.turn, plan.past, answer, revision)

    def _budget(self) -> TokenBudget:
        return share_window(self._serving(), self._engine.sampling, self._max_answer_tokens)

    def _prompt(self, plan: Plan, budget: int) -> list[Message]:
        # Before others the model is not told to ask a person about their danger.
        level = RiskLevel.NONE if plan.is_shared else plan.level
        extra = guidance(
            *(level, plan.assessment.level),
            card_asks=plan.card_asks,
            danger=_danger_in(plan),
            of_another=_is_of_another(plan),
        )
        is_old = plan.disclosure.elderly_at is not None or Occasion.ELDERLY in plan.occasions
        told = [SYSTEM_PROMPT, extra]
        if not plan.is_shared:
            told += [wishes(plan.preferences), FOR_THE_OLD if is_old else ""]
        said = plan.turn.user_text
        if not (plan.is_shared or self._serving().is_trial):  # the small one loses the thread
            told += [*self._beside(plan, budget), OBJECTIONS.get(plan.turn.wish or "", "")]
            said = self._with_absence(plan, said)
        earlier = [past.user_text for past in plan.past]
        asked = language_to_ask_for(own_words(plan.turn.user_text), earlier, plan.language)
        if asked is not None:
            told.append(IN_PERSONA.get(asked, ""))
            said = "\n".join(filter(None, (said, BESIDE_WORDS.get(asked))))
        system = "\n".join(filter(None, told))
        return build_prompt(system, plan.past, said, budget=budget, count=self._count_tokens)

    def _beside(self, plan: Plan, budget: int) -> list[str]:
        """What the model is told of a person beside the talk, and what time it is with them."""
        record = told_record(plan.memory, budget=budget, count=self._count_tokens)
        zone = zone_for(plan.preferences, plan.language, region_of(plan.risk.region))
        return [record, f"对方那里现在是{part_of_day(self._now().astimezone(zone))}。"]

    def _with_absence(self, plan: Plan, said: str) -> str:
        """What was said, after how long a silence: told here once, or every prompt would differ."""
        last = plan.disclosure.last_wrote_at
        absence = told_absence(None if last is None else plan.turn.created_at - last)
        return said if absence is None else f"（距离上次说话已有 {absence}。）\n{said}"


def _script(plan: Plan) -> Script | None:
    """The script the person is answered in."""
    said = [plan.turn.user_text, *(earlier.user_text for earlier in reversed(plan.past))]
    return script_for(plan.preferences.language, map(own_words, said[:SCRIPT_FROM]), plan.language)


def _danger_in(plan: Plan) -> Danger | None:
    """What a person is met for in a turn, as far as it is known."""
    met_for = danger_by_name(plan.met_for) if plan.met_for is not None else None
    return danger_of(plan.assessment, met_for) if needs_card(plan.assessment.level) else met_for


def _on_occasion(plan: Plan) -> Plan:
    """A plan with what is said by a reviewed text whatever model runs."""
    words, texts = own_words(plan.turn.user_text), texts_for(plan.language)
    found = occasions_in(words)
    plan = replace(plan, occasions=found)
    if plan.reviewed_answer is not None:
        return plan
    no_danger = plan.assessment.level is RiskLevel.NONE and not plan.by_protocol
    if no_danger and (goodbye := _goodbye(plan, found)) is not None:
        return replace(plan, reviewed_answer=goodbye, on_occasion=True, is_goodbye=True)
    if Occasion.HUMAN in found:
        return _saying_what_this_is(plan, words, texts.said_human)
    if Occasion.MODEL in found:
        name = shown_name(plan.model) or texts.about_model_unknown
        return _saying_what_this_is(plan, words, texts.said_model(model=name))
    kind = next((kind for kind in _ASIDE if kind in found), None)
    if no_danger and plan.level is RiskLevel.NONE and kind is not None:
        said = _not_said_last(getattr(texts, f"said_{kind.value}"), plan)
        return replace(plan, reviewed_answer=said, on_occasion=True)
    if Occasion.LOST_MONEY in found and not plan.is_shared and not needs_card(plan.level):
        numbers = numbers_for(plan.language, region_of(plan.risk.region))
        lead = texts.said_lost_money(police=numbers["police"])
        if not any(lead[:20] in (earlier.answer or "") for earlier in plan.past):
            return replace(plan, lead=lead)
    return plan


def _saying_what_this_is(plan: Plan, words: str, truth: str) -> Plan:
    """The truth alone where nothing else was said, or before the answer to the rest."""
    if plan.level is RiskLevel.NONE and asks_only_what_this_is(words):
        return replace(plan, reviewed_answer=truth, on_occasion=True)
    return replace(plan, lead=truth)


_ASIDE = (Occasion.JAILBREAK, Occasion.INSULT, Occasion.ADVANCE, Occasion.SPAM)
"""What is met by one of a few short answers, so that no two in a row are the same."""


def _not_said_last(lines: str, plan: Plan) -> str:
    """One of the lines of a text; the next one each time."""
    answers = lines.splitlines()
    last = plan.past[-1].answer if plan.past else None
    place = answers.index(last) + 1 if last in answers else plan.turn.number
    return answers[place % len(answers)]


def _goodbye(plan: Plan, found: frozenset[Occasion]) -> str | None:
    """The one line to a person who leaves; None: they do not, or are met for a danger."""
    texts = texts_for(plan.language)
    if needs_card(plan.level) or not found & {Occasion.BYE, Occasion.NIGHT}:
        return None
    if plan.level is RiskLevel.CONCERN and not plan.is_shared:
        return texts.said_bye_after_concern
    return texts.said_night if Occasion.NIGHT in found else texts.said_bye


def _behind_lead(plan: Plan, answer: str) -> str:
    return f"{plan.lead}\n\n{answer}" if plan.lead is not None else answer


def _after_saying_safe(risk: TurnRisk, now: datetime) -> TurnRisk:
    """What is kept in mind once the person's word that they are safe is stored."""
    highest = level_at(risk.ends, now)
    ends = {
        level: end
        for level, end in risk.ends.items()
        if level != highest or highest <= LOWEST_BY_WORD
    }
    return replace(risk, ends=ends, check_in_at=None)


def _has_to_ask(plan: Plan, answer: str) -> bool:
    """Whether a hint of danger was read and not yet asked about: cards ask by themselves.

    The model is told to ask. That it does is not left to it.
    """
    if not (plan.level is plan.assessment.level is RiskLevel.CONCERN and answer.strip()):
        return False
    if plan.assessment.reasons == (SAID_BEFORE,):
        return False  # no new hint, and what was said then was asked about
    lately = [earlier.answer or "" for earlier in plan.past[-ASKED_FOR_TURNS:]]
    if _is_of_another(plan):
        question = _open_question(plan).partition("\n")[0]
        return not any(question in said for said in lately) and not _QUESTION_OF_ANOTHER.search(
            answer
        )
    return not any(map(asks_about_danger, [*lately, answer]))


def _is_of_another(plan: Plan) -> bool:
    """Whether what was read in a turn is the danger of another, as at a concern for a friend."""
    is_read = plan.assessment.level is RiskLevel.CONCERN
    return is_read and asks_of_another(own_words(plan.turn.user_text), plan.assessment.who)


def _open_question(plan: Plan) -> str:
    """The question behind an answer that has not asked about a danger: of whom it is."""
    if _is_of_another(plan):
        return question_of_another(plan.language, region_of(plan.risk.region))
    return texts_for(plan.language).guard_ask


def _said(
    past: Sequence[PastTurn], turn: Turn, risk: TurnRisk, language: Language
) -> list[Utterance]:
    """What the detector reads: the bot's words too, for the questions they ask."""
    said = []
    for earlier in past[-EARLIER_HANDED_IN:]:
        said.append(Utterance(own_words(earlier.user_text)))
        if earlier.answer:
            said.append(Utterance(earlier.answer, by_bot=True))
    if risk.pending_question is not None:
        said.append(asked_outside_answers(risk.pending_question == "check_in", language))
    return [*said, Utterance(own_words(turn.user_text))]
