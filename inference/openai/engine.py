"""The engine for servers that are not ours: vLLM, SGLang, Ollama, llama-server, and services."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from inference.chat_completions import ChatCompletions, Timeouts
from inference.dialect import NO_THINKING_ANYWHERE
from inference.nodes.engine import NodesEngine
from inference.nodes.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_REPETITION_FIELDS: Final = ("repetition_penalty", "repeat_penalty")
"""vLLM, SGLang and DashScope know the first, llama.cpp the second; most ignore the other."""


class OpenAIEngine(NodesEngine):
    """Streams from addresses of the OpenAI protocol, whatever their paths.

    What a server does not take of a request is found out by asking it (`inference.dialect`).
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        api_key: str = "",
        model_name: str = "",
        context_window: int = 8192,
        timeouts: Timeouts | None = None,
        extra_body: Mapping[str, object] | None = None,
        thinks: bool = True,
        proxy: str = "",
        ca_file: Path | None = None,
        max_concurrent: int = 64,
        max_waiting: int = 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the clients; nothing is sent before `start`.

        Args:
            urls: What comes before /chat/completions, at least one.
            api_key: The key of all of them; empty where they have none.
            model_name: The model to ask for, which need not be listed; empty where they list one.
            context_window: Tokens of prompt and answer together, which servers do not tell.
            timeouts: How long to wait for one.
            extra_body: Goes into every request, before all other fields; None leaves one out.
            thinks: Whether the model may think before it answers, where the server can be told.
            proxy: The proxy to reach servers on the public network through; empty for none.
            ca_file: Certificates (PEM) to trust beside the usual ones.
            max_concurrent: Generations that run at once, over all of them.
            max_waiting: Generations that wait for one of those slots; more are refused.
            clock: Seconds, for remembering which one failed when.
        """
        nodes = [
            Node(
                ChatCompletions(
                    url,
                    api_key=api_key,
                    timeouts=timeouts,
                    repetition_fields=_REPETITION_FIELDS,
                    extra_body=extra_body,
                    no_thinking=NO_THINKING_ANYWHERE,
                    thinks=thinks,
                    proxy=proxy,
                    ca_file=ca_file,
                    context_window=context_window,
                ),
                model_name,
                clock,
                lists_all=False,
            )
            for url in urls
        ]
        super().__init__(
            nodes,
            model_name=model_name,
            context_window=context_window,
            max_concurrent=max_concurrent,
            max_waiting=max_waiting,
        )
