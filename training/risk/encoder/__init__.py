"""The second reader: a small multilingual encoder, tuned on our own lines, for the CPU."""
