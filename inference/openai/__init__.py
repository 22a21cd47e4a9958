"""Client of any server or service that speaks OpenAI's chat completions."""

from inference.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
