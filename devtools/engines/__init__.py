"""Stand-ins for a model: `lmdeploy` is strict and fails on demand, `paced` is cheap and even."""
