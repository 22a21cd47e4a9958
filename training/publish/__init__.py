"""A promoted model on its way to a hub."""
