"""A working folder in which stages are completed one after the other.

Kill -9 may come at any moment. A stage writes into a hidden folder beside its place (`.NAME.draft`)
and is moved there when its manifest is written, so what is visible is whole. What an interrupted
stage left is continued where the stage can and nothing it reads has changed, and thrown away
otherwise; not where it is expensive to lose (hours of training): then the operator has to say so.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from inference.console import CommandError
from training.hashing import changes, contents_of
from training.pipeline.stage import (
    FOLDERS,
    STAGE_FILE,
    Stage,
    StageManifest,
    read_stage_manifest,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path


BEGUN: Final = ".begun.json"
_TOLD: Final = 4  # differences


class StageRunner:
    """Completes stages in `folder`; `say` tells the operator, `now` is the time in UTC."""

    def __init__(
        self,
        folder: Path,
        *,
        stages: int,
        say: Callable[[str], None],
        now: Callable[[], datetime],
        made_with: Mapping[str, Any] | None = None,
        again: bool = False,
        before: Callable[[str], None] = lambda _: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`stages` are how many there will be, `made_with` what manifests say of code and machine.

        `before` is told the name of the first stage that has to be made, and may raise; `after`
        is called when one is complete. `again` throws away expensive work that was begun otherwise.
        """
        self.folder = folder
        self._stages = stages
        self._say = say
        self._now = now
        self._made_with = dict(made_with or {})
        self._again = again
        self._before = before
        self._after = after
        self._is_idle = True
        self._number = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder; raises CommandError where another process holds the lock."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CommandError(f"Another run works in {self.folder}.") from None
            yield

    def complete(self, stage: Stage) -> StageManifest:
        """Make the stage where it is missing, outdated or damaged; return its manifest."""
        self._number += 1
        place, draft = self.folder / stage.folder, self.folder / f".{stage.folder}.draft"
        self._put_in_place(draft, place, stage)
        done = read_stage_manifest(place)
        if done is None and place.exists():
            raise CommandError(f"{place} was not made here; move it away, or name another --work.")
        reason = _why_again(stage, place, done)
        if done is not None and reason is None:
            self._tell(stage, "unchanged, skipped")
            self._clear(draft, stage)
        else:
            if self._is_idle:
                self._before(stage.name)
                self._is_idle = False
            lasted = f"; it took {_clock(done.seconds)} before" if done is not None else ""
            self._tell(stage, f"{reason}{lasted}")
            done = self._make(stage, draft, place)
            self._tell(stage, f"done in {_clock(done.seconds)}: {place}")
        self._after()
        return done

    def _make(self, stage: Stage, draft: Path, place: Path) -> StageManifest:
        starts = self._begin(stage, draft)
        started = self._now()
        metrics = dict(stage.make(draft))
        covers = list(stage.result(metrics))
        manifest = StageManifest(
            stage=stage.name,
            key=stage.key,
            reads=dict(stage.reads),
            metrics=metrics,
            started=started.isoformat(timespec="seconds"),
            seconds=round((self._now() - started).total_seconds(), 1),
            starts=starts,
            files=contents_of(draft, without={STAGE_FILE}, only=covers),
            covers=covers,
            made_with=self._made_with,
        )
        manifest.write(draft)
        self._put_in_place(draft, place, stage)
        return manifest

    def _begin(self, stage: Stage, draft: Path) -> int:
        """Make the draft ready; returns how often the stage was started in it."""
        begun = _begun(draft)
        starts = 1
        if stage.resumable and begun.get("key") == stage.key:
            starts += begun["starts"]
            self._tell(stage, "goes on where it was interrupted")
        else:
            self._refuse_to_lose(draft, stage, begun)
            self._clear(draft, stage)
        draft.mkdir(parents=True, exist_ok=True)
        write_json(draft / BEGUN, {"key": stage.key, "starts": starts, "reads": dict(stage.reads)})
        return starts

    def _refuse_to_lose(self, draft: Path, stage: Stage, begun: Mapping[str, Any]) -> None:
        if self._again or not stage.expensive_to_lose(draft):
            return
        changed = changes(begun.get("reads", {}), stage.reads)
        more = f" and {len(changed) - _TOLD} more" if len(changed) > _TOLD else ""
        raise CommandError(
            f"{draft} holds a half-done `{stage.name}` that was begun with "
            f"{', '.join(changed[:_TOLD])}{more}. Begin with that once more and it goes on; "
            "--again throws it away and begins anew."
        )

    def _clear(self, draft: Path, stage: Stage) -> None:
        """Throw away what a run of another config left, unless it is expensive to lose."""
        if self._again or not stage.expensive_to_lose(draft):
            shutil.rmtree(draft, ignore_errors=True)
        else:
            self._say(f"    {draft} holds a half-done one of another order; --again removes it")

    def _put_in_place(self, draft: Path, place: Path, stage: Stage) -> None:
        """Move a finished draft to its place; killed in the middle, the next start goes on here."""
        old = place.with_name(f".{place.name}.old")
        manifest = read_stage_manifest(draft)
        if manifest is not None and manifest.key == stage.key:
            (draft / BEGUN).unlink(missing_ok=True)
            if place.exists():
                shutil.rmtree(old, ignore_errors=True)
                place.rename(old)
            draft.rename(place)
        shutil.rmtree(old, ignore_errors=True)

    def _tell(self, stage: Stage, what: str) -> None:
        self._say(f"[{self._number}/{self._stages}] {stage.name}: {what}")


def _begun(draft: Path) -> dict[str, Any]:
    """What the draft was begun with; empty where it does not say."""
    try:
        begun = json.loads((draft / BEGUN).read_text(encoding="utf-8"))
        return {"key": begun["key"], "starts": int(begun["starts"]), "reads": begun["reads"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _why_again(stage: Stage, place: Path, done: StageManifest | None) -> str | None:
    """Why the stage has to be made; None where it has not."""
    if done is None:
        return "begins"
    if done.key != stage.key:
        names = stage.reads.keys() | done.reads.keys()
        changed = sorted(name for name in names if stage.reads.get(name) != done.reads.get(name))
        return f"made again, changed: {', '.join(changed)}"
    damage = done.damage(place)
    if damage:
        more = f" and {len(damage) - 3} more" if len(damage) > 3 else ""
        return f"made again, damaged: {', '.join(damage[:3])}{more}"
    return None


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


MANIFEST: Final = "manifest.json"
ABOUT: Final = "about"
"""Among the figures of `train`: config, base model and recipe of what was trained."""


def write_manifest(work: Path, about: Mapping[str, Any]) -> None:
    """Write what lies in the working folder: stages that were made one from the other.

    `about` is what was asked for, without a path of this machine; it counts until something is
    trained, which then says itself by what.
    """
    manifests = list(on_disk(work))
    trained = next((one.metrics for one in manifests if one.stage == "train"), {})
    rows = {one.stage: _row(one) for one in manifests}
    write_json(work / MANIFEST, {**trained.get(ABOUT, about), "stages": rows})


def on_disk(work: Path) -> Iterator[StageManifest]:
    """Yield the stages' manifests in their order, as far as each follows from those before it."""
    found: dict[str, StageManifest] = {}
    for stage, folder in FOLDERS.items():
        manifest = read_stage_manifest(work / folder)
        if manifest is None or not _follows(manifest, found):
            return
        found[stage] = manifest
        yield manifest


def _follows(manifest: StageManifest, found: Mapping[str, StageManifest]) -> bool:
    reads = manifest.reads
    match manifest.stage:
        case "train":
            return reads["data"] in found["prepare"].files.values()
        case "convert":
            return bool(reads["training"] == found["train"].result)
        case "merge":
            return bool(reads["adapter"] == found["convert"].result)
        case "quantize":
            return bool(reads["merged"] == found["merge"].result)
        case "evaluate":
            return bool(reads["models"]["w4a16"] == found["quantize"].result)
    return True


def _row(manifest: StageManifest) -> dict[str, Any]:
    return {
        "started": manifest.started,
        "seconds": manifest.seconds,
        "starts": manifest.starts,
        "made_with": manifest.made_with,
        "reads": manifest.reads,
        "result": manifest.result,
        "files": len(manifest.files),
        "bytes": sum(int(file["bytes"]) for file in manifest.files.values()),
        "metrics": {name: value for name, value in manifest.metrics.items() if name != ABOUT},
    }
