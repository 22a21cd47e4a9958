"""/memory: what is remembered of a person, to be read, corrected, deleted and switched off."""
