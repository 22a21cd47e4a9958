"""Turns: `turn` says what one is, `transitions` how it changes, `repository` who may do what."""
