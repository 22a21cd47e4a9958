"""Readers of the corpora, one module a corpus, all yielding `Dialogue`."""
