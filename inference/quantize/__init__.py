"""W4A16 by LMDeploy's own `lite auto_awq`: calibrated on dialogues, checked against the original.

Runs where LMDeploy, torch and transformers are installed (the extra `inference`), with or without a
GPU. Nothing here asks a hub for anything: model, dialogues and results are folders and files.
"""
