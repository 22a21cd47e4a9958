"""/exercises: small exercises by buttons and reviewed texts; no model reads or writes a word."""
