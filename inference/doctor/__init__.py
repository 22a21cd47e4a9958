"""Looks at a machine that is to serve a model: `python -m inference doctor`."""
