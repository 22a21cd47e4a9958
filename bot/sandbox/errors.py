"""What can go wrong here.

SandboxError (an OSError)   the sandbox cannot start or cannot keep its data; one sentence
ApiError                    a Bot API method refuses; becomes Telegram's JSON error body
ActError                    a person on the page tried what Telegram's apps do not offer
"""

from __future__ import annotations


class SandboxError(OSError):
    """The sandbox cannot start or cannot keep its data; says so in one sentence."""


class ActError(Exception):
    """A person's action that is not possible, such as writing to a chat he is not in."""


class ApiError(Exception):
    """A refusal in the Bot API's own words.

    Args:
        code: HTTP status and `error_code`.
        description: the text after `"description":`, complete with its prefix.
        retry_after: seconds, only with 429.
    """

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after


def bad_request(reason: str) -> ApiError:
    """400, as Telegram prefixes it."""
    return ApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> ApiError:
    """403, as Telegram prefixes it."""
    return ApiError(403, f"Forbidden: {reason}")


def too_many_requests(retry_after: int) -> ApiError:
    """429 with `parameters.retry_after` in seconds."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after)
