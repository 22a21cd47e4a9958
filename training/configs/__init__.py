"""XTuner configs: `xtuner train training/configs/NAME.py`, or `python -m training train`."""
