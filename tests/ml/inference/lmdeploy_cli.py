"""LMDeploy's own command line, with the engine of `lmdeploy_server` in TurboMind's place.

    python -m tests.ml.inference.lmdeploy_cli serve api_server FOLDER --backend turbomind ...

Flags, API keys, HTTP layer and logs are LMDeploy's, and the keys come as `inference.serve` gives
them.
"""

from __future__ import annotations

from importlib import import_module

from inference.serve import launch
from tests.ml.inference.lmdeploy_server import Engine


def main() -> None:
    """Replace the engine and become `lmdeploy`."""
    # Without TurboMind's library LMDeploy would quietly take its PyTorch engine.
    import_module("lmdeploy.archs").autoget_backend = lambda *_, **__: "turbomind"
    server = import_module("lmdeploy.serve.openai.api_server")
    server.get_task = lambda *_, **__: ("llm", Engine)
    launch.main()


if __name__ == "__main__":
    main()
