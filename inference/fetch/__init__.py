"""Brings a model of the catalogue onto this machine, when somebody asks for it."""
