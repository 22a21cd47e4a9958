"""Trouble on request: what tests make the Bot API do instead of answering properly."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from bot.sandbox.model import Json

FaultKind = Literal[
    "error",  # refuse with `status`, nothing happens
    "gateway",  # a proxy on the way refuses with `status` and a page, nothing happens
    "error_after",  # it happens, and still the answer is `status`
    "hang",  # nothing happens and no answer comes for `seconds`
    "hang_after",  # it happens, and no answer comes for `seconds`
    "reset_before",  # the connection breaks, nothing happens
    "reset_after",  # it happens, then the connection breaks
    "malformed",  # it happens, the answer is cut-off JSON
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

_DESCRIPTIONS = {
    400: "Bad Request: injected",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    429: "Too Many Requests: retry after {retry_after}",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule.

    Args:
        kind: what happens.
        method: Bot API method, any case; None is all but getUpdates.
        chat_id: only calls for this chat; None is all.
        times: how many calls it spoils; None is without end.
        skip: how many matching calls pass first.
        status: HTTP status of "error", "error_after" and "gateway".
        retry_after: seconds in the body of a 429.
        seconds: length of "hang" and "hang_after".
    """

    kind: FaultKind
    method: str | None = None
    chat_id: int | None = None
    times: int | None = 1
    skip: int = 0
    status: int = 500
    retry_after: int = 1
    seconds: float = 600.0

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist: it would silently do nothing."""
        if self.kind not in KINDS:
            raise ValueError(
                f"Unknown fault kind {self.kind!r}: expected one of {', '.join(KINDS)}."
            )

    def matches(self, method: str, chat_id: int | None) -> bool:
        """Whether the rule is about this call; `method` in lower case."""
        if self.method is None:
            about_method = method != "getupdates"
        else:
            about_method = self.method.lower() == method
        return about_method and self.chat_id in {None, chat_id}

    def error_body(self) -> Json:
        """The Bot API's JSON for "error"."""
        description = _DESCRIPTIONS.get(self.status, "Injected error")
        body: Json = {
            "ok": False,
            "error_code": self.status,
            "description": description.format(retry_after=self.retry_after),
        }
        if self.status == 429:
            body["parameters"] = {"retry_after": self.retry_after}
        return body

    def gateway_page(self) -> str:
        """The page of a proxy that refuses by itself, for "gateway"."""
        return f"<html><head><title>{self.status} {HTTPStatus(self.status).phrase}</title></html>"


class Faults:
    """The rules in force, asked in the order they were added."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a rule in force."""
        self._rules.append(fault)

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The rule that spoils this call, used up by one; None lets the call through."""
        for position, rule in enumerate(self._rules):
            if not rule.matches(method, chat_id):
                continue
            if rule.skip > 0:
                self._rules[position] = replace(rule, skip=rule.skip - 1)
                return None
            if rule.times is not None:
                if rule.times <= 1:
                    del self._rules[position]
                else:
                    self._rules[position] = replace(rule, times=rule.times - 1)
            return rule
        return None

    def view(self) -> list[Json]:
        """The rules as JSON objects."""
        return [asdict(rule) for rule in self._rules]
