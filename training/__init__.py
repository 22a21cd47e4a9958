"""From corpora to a served model."""
