"""What can go wrong while XTuner works, as a sentence with a next step."""

from inference.console import CommandError


class XTunerError(CommandError):
    """XTuner could not do what it was asked; the message says why and what to do."""
