"""A checkpoint of the InternLM2 architecture, made on the spot: no hub, no download.

It knows a few hundred words of our own text and is of no use to talk to. It is there so that the
whole way from a corpus to W4A16 can be walked on two cores, with XTuner's and LMDeploy's own tools,
which read it as they read the published seven billions.
"""

from training.tiny.checkpoint import FOLDER, write_base, write_checkpoint

__all__ = ["FOLDER", "write_base", "write_checkpoint"]
