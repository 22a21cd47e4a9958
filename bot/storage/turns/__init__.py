"""Turns: `turn` says what one is, `transitions` how it changes, `repository` who answers it."""
