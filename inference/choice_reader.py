"""Reads which of a few words a model would say next, out of a completion's log-probabilities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from inference.engine import EngineProtocolError
from inference.server_errors import EndpointRefused, error_from_body

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIKELIEST: Final = 20
"""Tokens whose probabilities are asked for, the most that OpenAI's own API gives."""

MIN_SHARE: Final = 0.1
"""Of all that the model might say next, so much has to be one of the choices."""


def read_choice(body: object, choices: Sequence[str]) -> Mapping[str, float]:
    """The probability of each choice, among the choices alone.

    `body` is the parsed body of a chat completion of one token with `top_logprobs`.

    Raises:
        EngineError: what an error body stands for.
        EndpointRefused: the server tells no probabilities.
        EngineProtocolError: the model would say something else.
    """
    match body:
        case {"choices": [{"logprobs": {"content": [{"top_logprobs": [*likeliest]}, *_]}}, *_]}:
            pass
        case {"choices": [*_]}:
            raise EndpointRefused("the server tells no log-probabilities")
        case _:
            raise error_from_body(body)
    found = dict.fromkeys(choices, 0.0)
    for one in likeliest:
        match one:
            case {"token": str(token), "logprob": int() | float() as logprob}:
                # A space before the letter is another token for the same word.
                if (word := token.strip()) in found and logprob <= 0:
                    found[word] += math.exp(logprob)
    share = sum(found.values())
    if not share >= MIN_SHARE:
        raise EngineProtocolError("the model would say none of the choices")
    return {word: probability / share for word, probability in found.items()}
