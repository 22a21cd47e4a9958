"""What can be wrong with a quantization."""


class QuantizeError(ValueError):
    """It cannot be done, or the result is not good enough; the message says what to do."""
