"""Invented lines and talks of people in danger, and of people who only use the same words."""
