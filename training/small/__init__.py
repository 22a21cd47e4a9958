"""A small Llama trained from scratch, so that a fresh clone has something that answers."""
