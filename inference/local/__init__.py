"""Runs a GGUF model on the CPU of this machine, for a bot with no GPU."""

from inference.local.engine import PACKAGED_MODEL, LocalEngine

__all__ = ["PACKAGED_MODEL", "LocalEngine"]
