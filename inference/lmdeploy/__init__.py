"""Client of `lmdeploy serve api_server` nodes, directly or behind `lmdeploy serve proxy`."""

from inference.chat_completions import Timeouts
from inference.lmdeploy.engine import LMDeployEngine

__all__ = ["LMDeployEngine", "Timeouts"]
