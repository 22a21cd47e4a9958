"""The steps of `prepare` as pipelines of DataTrove, for corpora that outgrow one machine.

DataTrove runs the same pipeline on one machine, on Slurm or on Ray; only the executor differs.
Near-duplicates are found by its own MinHash stages, over our runs of characters; unlike `prepare`
it does not look at a pair again after their bands met, so it takes out a little more. The stages
depend on each other in their order; the last one writes what `prepare` writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from training.prepare import near
from training.prepare.cluster_steps import (
    KEPT,
    MINHASH,
    SEEN,
    Clean,
    Files,
    Parts,
    SeenOpenings,
    Signature,
    Unseen,
)
from training.prepare.gather import DUPLICATES, FINISHED, TOO_CLOSE
from training.prepare.outcome import HELD_OUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from datatrove.pipeline.base import PipelineStep

    from training.prepare.outcome import Options


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline and on how many tasks it must run; a later stage needs all of an earlier one."""

    name: str
    tasks: int
    steps: list[PipelineStep]


def stages(
    corpus: str,
    shards: Path,
    out: Path,
    tasks: int,
    options: Options,
    *,
    work: Path,
    strict: bool = False,
) -> list[Stage]:
    """The pipelines that prepare the files in the folder `shards`, `tasks` at a time.

    The last one writes into `out` what `prepare` writes on one machine, from what the others left
    in `work`, which may be deleted then. Every machine must see all three folders. A record that
    cannot be read is named in problems.jsonl, and with `strict` fails its task.
    """
    kept, unique, near_folder, keys = (work / name for name in (KEPT, "unique", "near", "keys"))
    finished = str(work / FINISHED)
    signature = Signature(near_folder / "signatures")
    find = MinhashDedupBuckets(
        str(near_folder / "signatures"), str(near_folder / "pairs"), config=MINHASH
    )
    group = MinhashDedupCluster(
        str(near_folder / "pairs"), str(near_folder / "remove"), config=MINHASH
    )
    duplicates = JsonlWriter(str(work / DUPLICATES))
    unseen = Unseen(keys, JsonlWriter(str(work / TOO_CLOSE)))
    return [
        Stage("clean", tasks, [Clean(corpus, shards, options, strict=strict), _sorted_to(work)]),
        Stage("signatures", tasks, [_reader(kept), signature]),
        Stage("pairs", near.DIALOGUES.bands, [find]),
        Stage("groups", 1, [group]),
        Stage(
            "unique",
            tasks,
            [
                _reader(kept),
                MinhashDedupFilter(str(near_folder / "remove"), exclusion_writer=duplicates),
                Parts(),
                _sorted_to(unique),
            ],
        ),
        Stage(
            "seen",
            tasks,
            [
                _reader(unique / SEEN),
                SeenOpenings(keys),
                JsonlWriter(finished, "seen-${rank}.jsonl"),
            ],
        ),
        Stage(
            "held out",
            tasks,
            [
                _reader(unique / HELD_OUT),
                unseen,
                JsonlWriter(finished, "held-out-${rank}.jsonl"),
            ],
        ),
        Stage("files", 1, [Files(corpus, work, out, options)]),
    ]


def run_locally(stages: Iterable[Stage], logs: Path, workers: int) -> None:
    """Run the stages one after the other on this machine; finished tasks are not run again."""
    for stage in stages:
        LocalPipelineExecutor(
            pipeline=list(stage.steps),
            tasks=stage.tasks,
            workers=workers,
            logging_dir=str(logs / stage.name.replace(" ", "-")),
        ).run()


def _sorted_to(folder: Path) -> JsonlWriter:
    """Writes the documents of every part into a folder of its own."""
    return JsonlWriter(str(folder), "${part}/${rank}.jsonl")


def _reader(folder: Path) -> JsonlReader:
    return JsonlReader(str(folder))
