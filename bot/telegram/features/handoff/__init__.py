"""A human of the operators takes over."""
