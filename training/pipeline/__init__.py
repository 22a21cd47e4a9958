"""From corpora to a served model: stages that are skipped where nothing changed."""
