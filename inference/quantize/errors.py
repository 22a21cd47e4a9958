"""What can be wrong with a quantization."""

from inference.console import CommandError


class QuantizeError(CommandError):
    """It cannot be done, or the result is not good enough; the message says what to do."""
