"""The steps of `prepare` as pipelines of DataTrove, for corpora that outgrow one process pool.

DataTrove runs the same pipelines on one machine, on Slurm or on Ray; only the executor differs
(`executors.py`). Near-duplicates are found by its own MinHash stages, over our runs of characters;
unlike `prepare` on one machine it does not compare signatures again after two dialogues met in a
band, so it takes out a little more. The last pipeline writes what `prepare` writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from pathlib import Path

    from datatrove.pipeline.base import PipelineStep

    from training.prepare.gather import Shard
    from training.prepare.outcome import Options


@dataclass(frozen=True, slots=True)
class ClusterStage:
    """A pipeline and on how many tasks it must run; a later stage needs all of an earlier one."""

    name: str
    tasks: int
    steps: list[PipelineStep]
    at_once: int = 1
    """Light tasks that share one of Ray's workers, each of which takes seconds to start."""


def cluster_stages(
    shards: tuple[Shard, ...],
    work: Path,
    out: Path,
    tasks: int,
    options: Options,
    *,
    strict: bool = False,
) -> list[ClusterStage]:
    """Return the pipelines that prepare `shards` as `tasks` tasks, in their order.

    The last one writes into `out` what `prepare` writes on one machine, from what the others left
    in `work`. Every machine must see the shards and both folders. A record that cannot be read is
    named in problems.jsonl, and with `strict` fails its task.
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
        ClusterStage("clean", tasks, [Clean(shards, options, strict=strict), _sorted_to(work)]),
        ClusterStage("signatures", tasks, [_reader(kept), signature]),
        ClusterStage("pairs", near.DIALOGUES.bands, [find], at_once=8),
        ClusterStage("groups", 1, [group]),
        ClusterStage(
            "unique",
            tasks,
            [
                _reader(kept),
                MinhashDedupFilter(str(near_folder / "remove"), exclusion_writer=duplicates),
                Parts(),
                _sorted_to(unique),
            ],
        ),
        ClusterStage(
            "seen",
            tasks,
            [
                _reader(unique / SEEN),
                SeenOpenings(keys),
                JsonlWriter(finished, "seen-${rank}.jsonl"),
            ],
        ),
        ClusterStage(
            "held-out",
            tasks,
            [
                _reader(unique / HELD_OUT),
                unseen,
                JsonlWriter(finished, "held-out-${rank}.jsonl"),
            ],
        ),
        ClusterStage("files", 1, [Files([shard.corpus for shard in shards], work, out, options)]),
    ]


def _sorted_to(folder: Path) -> JsonlWriter:
    """Write the documents of every part into a folder of its own."""
    return JsonlWriter(str(folder), "${part}/${rank}.jsonl")


def _reader(folder: Path) -> JsonlReader:
    return JsonlReader(str(folder))
