"""Somebody a person trusts is told that they are not well: named by one, agreed to by the other."""
