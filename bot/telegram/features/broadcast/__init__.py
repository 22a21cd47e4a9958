"""A word to everybody: shown first, confirmed, sent at a pace, reported."""
