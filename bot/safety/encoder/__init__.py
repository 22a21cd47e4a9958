"""The second reader for any machine: a small encoder that reads what the rules cannot list."""

from bot.safety.encoder.reader import Encoder, EncoderReading, load_encoder

__all__ = ["Encoder", "EncoderReading", "load_encoder"]
