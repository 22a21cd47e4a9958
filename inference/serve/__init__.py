"""Starts and supervises `lmdeploy serve api_server`: `python -m inference serve`."""
