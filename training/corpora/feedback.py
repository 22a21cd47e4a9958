"""What people said about the bot's own answers: JSON lines, one moment of a talk a line.

`python -m bot feedback export` writes them. A line holds only what a person agreed to give for
training, after names and numbers were taken out; `feedback.schema.json` beside this module is the
same as a JSON schema. An answer that was liked, or rewritten, is an example to learn from; next
to an answer that was disliked or rewritten it is a preference. What the bot said before it is no
example: it may have been disliked as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError

if TYPE_CHECKING:
    from training.corpora.files import Record

SOURCE = "feedback"
ENDING = ".jsonl"

StrippedText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedbackMessage(_Part):
    """A message of the talk, as the model was given it; never the system prompt."""

    role: Literal["user", "assistant"]
    content: StrippedText


class FeedbackAnswer(_Part):
    """One answer of the bot at this moment; a second try is a second answer."""

    text: StrippedText
    rating: Literal["up", "down"] | None = None
    rewritten: StrippedText | None = Field(None, description="how the person would have put it")
    model: str = Field("", description="which model wrote it")


class FeedbackMoment(_Part):
    """A line: the talk up to one message of the person, and the answers it got."""

    format: Literal["shudong-feedback/1"]
    id: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")] = Field(
        description="random; leads back to nobody"
    )
    consent: Literal[True] = Field(description="the person agreed to training with this talk")
    deidentified: Literal[True] = Field(description="names, contacts and numbers were taken out")
    messages: Annotated[list[FeedbackMessage], Field(min_length=1)] = Field(
        description="oldest first, the last one by the user"
    )
    answers: Annotated[list[FeedbackAnswer], Field(min_length=1)]


def parse_feedback(record: Record) -> list[Dialogue]:
    """Return the dialogues to train on of a line, one a good answer, with the rejected ones.

    There is none where no answer was liked or rewritten. Raises CorpusFormatError.
    """
    try:
        moment = FeedbackMoment.model_validate_json(record.data)
    except ValidationError as error:
        # Its own message would carry the text of the line.
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise CorpusFormatError(record.place, f"{where}: {first['type']}") from None
    if moment.messages[-1].role != "user":
        raise CorpusFormatError(record.place, "the last message is not by the user")
    talk = tuple(
        Turn(Role.CLIENT if message.role == "user" else Role.COUNSELOR, message.content)
        for message in moment.messages
    )
    return [
        Dialogue(
            SOURCE,
            f"{moment.id}-{number}",
            (*talk, Turn(Role.COUNSELOR, chosen)),
            rejected=tuple(rejected),
            last_only=True,
        )
        for number, (chosen, rejected) in enumerate(_choices(moment.answers).items())
    ]


def _choices(answers: list[FeedbackAnswer]) -> dict[str, list[str]]:
    """Return good answers with rejected ones, in as many pairs as each needs to stand in one."""
    good = [answer.rewritten for answer in answers if answer.rewritten]
    good += [answer.text for answer in answers if answer.rating == "up" and not answer.rewritten]
    rejected = [answer.text for answer in answers if answer.rating == "down" or answer.rewritten]
    found: dict[str, list[str]] = {chosen: [] for chosen in good}
    if good and rejected:
        for row in range(max(len(good), len(rejected))):
            chosen, other = good[row % len(good)], rejected[row % len(rejected)]
            if other != chosen and other not in found[chosen]:
                found[chosen].append(other)
    return found
