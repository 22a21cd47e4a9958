"""The engine of production: one or many LMDeploy nodes with the same model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from inference.chat_completions import ChatCompletions, Timeouts
from inference.nodes.engine import NodesEngine
from inference.nodes.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class LMDeployEngine(NodesEngine):
    """Streams from `lmdeploy serve api_server` nodes, directly or behind LMDeploy's proxy."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        api_key: str = "",
        model_name: str = "",
        context_window: int = 8192,
        timeouts: Timeouts | None = None,
        thinks: bool = True,
        proxy: str = "",
        ca_file: Path | None = None,
        max_concurrent: int = 64,
        max_waiting: int = 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the clients; nothing is sent before `start`.

        Args:
            urls: Base URLs that end in /v1, at least one.
            api_key: The key of all nodes; empty where they have none.
            model_name: The model to ask for; empty takes the first one a node lists.
            context_window: Tokens of prompt and answer together, the nodes' `--session-len`,
                which they do not tell.
            timeouts: How long to wait for a node.
            thinks: Whether the model may think before it answers, where its template can be told.
            proxy: The proxy to reach nodes on the public network through; empty for none.
            ca_file: Certificates (PEM) to trust beside the usual ones.
            max_concurrent: Generations that run at once, over all nodes.
            max_waiting: Generations that wait for one of those slots; more are refused.
            clock: Seconds, for remembering which node failed when.
        """
        nodes = [
            Node(
                ChatCompletions(
                    url,
                    api_key=api_key,
                    timeouts=timeouts,
                    thinks=thinks,
                    proxy=proxy,
                    ca_file=ca_file,
                    context_window=context_window,
                ),
                model_name,
                clock,
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
