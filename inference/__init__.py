"""Everything that makes tokens: engines, their servers and what they are told to be."""
