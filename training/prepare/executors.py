"""`prepare --executor`: its pipelines on DataTrove's local, Slurm or Ray executor.

Tasks leave their work in a folder that all machines see. A task that is finished is not run again,
so the same command goes on after an interruption.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

# DataTrove logs by loguru, which shows the values of variables, dialogues among them, in a
# traceback; it reads this when it is imported, also in the processes that are started.
os.environ["LOGURU_DIAGNOSE"] = "NO"

from datatrove.executor import (
    LocalPipelineExecutor,
    RayPipelineExecutor,
    SlurmPipelineExecutor,
)

from training.hashing import code_hash
from training.prepare.cluster import cluster_stages
from training.prepare.finish import CODE, PrepareError
from training.prepare.gather import shards_of
from training.prepare.output import digest
from training.prepare.resources import MAX_TASKS, Executor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.prepare.cluster import ClusterStage
    from training.prepare.gather import Shard
    from training.prepare.outcome import Options
    from training.prepare.resources import Resources

ROOT: Final = Path(__file__).parents[2]
TASK: Final = "task.json"


def prepare_by(
    executor: Executor,
    corpora: Mapping[str, Path],
    out: Path,
    options: Options,
    resources: Resources,
    *,
    strict: bool = False,
) -> bool:
    """Prepare the corpora at their paths into `out`; whether that is done.

    It is not where Slurm has taken the jobs and runs them later. What tasks leave for one another
    lies beside `out`, in `.NAME.tasks`, until the end.

    Raises:
        PrepareError: the executor is not here, a task failed, or the folder of the tasks belongs
            to other corpora, options or code.
        CorpusFormatError: with `strict`, a record that cannot be read.
        FileNotFoundError: a corpus is not there.
    """
    shards = shards_of(corpora)
    tasks = resources.tasks or min(len(shards), MAX_TASKS)
    out = out.absolute()
    work = out.with_name(f".{out.name}.tasks")
    _claim(work, _described(shards, tasks, options, strict=strict))
    stages = cluster_stages(shards, work / "files", out, tasks, options, strict=strict)
    if executor is Executor.SLURM:
        _submit_to_slurm(stages, work / "logs", resources)
        return False
    if executor is Executor.RAY:
        _run_on_ray(stages, work / "logs", resources)
    else:
        _run_locally(stages, work / "logs", resources)
    shutil.rmtree(work)
    return True


def _described(
    shards: Sequence[Shard], tasks: int, options: Options, *, strict: bool
) -> dict[str, Any]:
    """All that decides what the tasks leave."""
    stats = [(shard, shard.file.stat()) for shard in shards]
    tokenizer = digest(options.tokenizer) if options.tokenizer else "packaged"
    return {
        "files": [[s.corpus, s.name, found.st_size, found.st_mtime_ns] for s, found in stats],
        "tasks": tasks,
        "options": {**asdict(options), "tokenizer": tokenizer},
        "strict": strict,
        "code": code_hash(ROOT / place for place in CODE),
    }


def _claim(work: Path, description: Mapping[str, Any]) -> None:
    """Make the folder of the tasks, or go on in one that was begun for the same."""
    file, text = work / TASK, json.dumps(description, ensure_ascii=False)
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise PrepareError(
            f"{work} holds tasks that were begun with other corpora, options or code. Wait for "
            "them or remove the folder, and begin again"
        )
    work.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _run_locally(stages: Sequence[ClusterStage], logs: Path, resources: Resources) -> None:
    for stage in stages:
        LocalPipelineExecutor(
            pipeline=stage.steps,
            tasks=stage.tasks,
            workers=min(resources.workers, stage.tasks),
            logging_dir=str(logs / stage.name),
            # Not forked: locks of the parent's threads would be copied as they are.
            start_method="spawn",
        ).run()


def _run_on_ray(stages: Sequence[ClusterStage], logs: Path, resources: Resources) -> None:
    """On the cluster of RAY_ADDRESS, on one that runs here, or on this machine alone."""
    try:
        import ray  # noqa: PLC0415 - large, and needed here alone
    except ModuleNotFoundError:
        raise PrepareError(
            "--executor ray needs the package ray: pip install --editable '.[corpora-ray]'"
        ) from None
    ray.init(
        ignore_reinit_error=True,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": _python_path(), "LOGURU_DIAGNOSE": "NO"}},
    )
    try:
        for stage in stages:
            executor = RayPipelineExecutor(
                pipeline=stage.steps,
                tasks=stage.tasks,
                workers=min(resources.workers, stage.tasks),
                tasks_per_job=stage.at_once,
                mem_per_cpu_gb=resources.memory_gb,
                logging_dir=str(logs / stage.name),
            )
            executor.run()
            # DataTrove only warns of tasks that failed.
            if failed := executor.get_incomplete_ranks():
                raise PrepareError(
                    f"{len(failed)} of {stage.tasks} tasks of `{stage.name}` failed; "
                    f"{logs / stage.name / 'logs'} says why. The same command goes on"
                )
    finally:
        ray.shutdown()


def _submit_to_slurm(stages: Sequence[ClusterStage], logs: Path, resources: Resources) -> None:
    """Submit a job a stage, each to begin when the one before it has ended well."""
    if shutil.which("sbatch") is None:
        raise PrepareError("--executor slurm needs Slurm's sbatch, which is not here")
    if not resources.partition:
        raise PrepareError("--executor slurm needs --partition: sinfo lists them")
    before: SlurmPipelineExecutor | None = None
    for stage in stages:
        before = SlurmPipelineExecutor(
            pipeline=stage.steps,
            tasks=stage.tasks,
            workers=min(resources.workers, stage.tasks),
            time=resources.time,
            partition=resources.partition,
            mem_per_cpu_gb=resources.memory_gb,
            job_name=f"prepare-{stage.name}",
            qos="",
            env_command=(
                f"export PATH={Path(sys.executable).parent}:$PATH "
                f"PYTHONPATH={_python_path()} LOGURU_DIAGNOSE=NO"
            ),
            logging_dir=str(logs / stage.name),
            depends=before,
        )
    if before is not None:
        before.run()


def _python_path() -> str:
    """With this code before any other that is installed."""
    return os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
