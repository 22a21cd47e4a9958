"""What all configs share and nobody tunes: hooks, logs, seeds.

XTuner's own configs also log a training example and sample answers while they train. These do not:
with feedback among the data the example would be somebody's words in a log, and answers are what
`python -m training evaluate` is for.
"""

from mmengine.hooks import (
    CheckpointHook,
    DistSamplerSeedHook,
    IterTimerHook,
    LoggerHook,
    ParamSchedulerHook,
)
from mmengine.visualization import LocalVisBackend, TensorboardVisBackend, Visualizer

default_hooks = dict(
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, log_metric_by_epoch=False, interval=10),
    param_scheduler=dict(type=ParamSchedulerHook),
    # Two are kept: the older one is what a crash while the newer is written leaves.
    checkpoint=dict(type=CheckpointHook, by_epoch=False, interval=200, max_keep_ckpts=2),
    sampler_seed=dict(type=DistSamplerSeedHook),
)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),
)
# Curves: WORK_DIR/*/vis_data/scalars.json, and `tensorboard --logdir WORK_DIR`.
visualizer = dict(
    type=Visualizer,
    vis_backends=[dict(type=LocalVisBackend), dict(type=TensorboardVisBackend)],
)
log_level = "INFO"
log_processor = dict(by_epoch=False)
load_from = None
resume = False
randomness = dict(seed=20240417, deterministic=False)
