"""Why a model was not fetched: by one source, after which the next is tried, or at all."""

from __future__ import annotations


class FetchError(Exception):
    """A model cannot be fetched; the message says why and what to do."""


class SourceError(FetchError):
    """One source does not have the file, or not now; the message is a clause that says why."""


class WrongBytes(SourceError):
    """One source gave other bytes than those the catalogue names."""
