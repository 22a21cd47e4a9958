"""The page as an app of ModelScope or OpenXLab: both start `app.py` and look at port 7860.

Settings come from the environment, as for the bot: LMDEPLOY_URLS for a served model, LOCAL_MODEL
for a GGUF file; with neither the small packaged model answers on the CPU.
"""

import os
import sys

from bot.__main__ import main

os.environ.setdefault("HTTP_HOST", "0.0.0.0")  # noqa: S104 - the platform's proxy is outside
os.environ.setdefault("HTTP_PORT", "7860")
sys.exit(main(["demo"]))
