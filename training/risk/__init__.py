"""The risk detector's small classifier: its data, training and honest figures."""
