"""From raw corpora to what XTuner trains on, with a record of everything that was changed."""
