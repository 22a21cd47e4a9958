"""What is remembered of a person beyond the context window: how it is made, kept and told."""
