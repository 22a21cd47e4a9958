"""Measures whatever speaks the OpenAI protocol: `python -m inference bench`."""
