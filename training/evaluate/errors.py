"""What can be wrong with an evaluation."""

from inference.console import CommandError


class EvaluateError(CommandError):
    """It cannot be done; the message says why and what to do, and carries no dialogue."""
