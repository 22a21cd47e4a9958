"""What tries things out while the models are made; nothing that users run imports it."""
