"""`python -m benchmarks.prepare_memory`: does preparing a larger corpus take more memory?

The first dialogues of a corpus are streamed through `prepare` again and again, each time with
other ids and with every Chinese character moved along the alphabet, so that no copy resembles
another: all of them reach the second pass. (The moved text has nothing to clean in it, which
makes it quicker than real text, never smaller.) Each size runs in a process of its own; the
memory is that of the process and its workers together, at its peak.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil

from training.corpora.files import Record
from training.corpora.registry import read_corpus
from training.prepare.outcome import Options
from training.prepare.run import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST, _LAST = 0x4E00, 0x9FA5
_STEP = 97
_SAMPLE_SECONDS = 0.2


def copies(smile: Path, dialogues: int, times: int) -> Iterator[Record]:
    """`dialogues` of the corpus, `times` over, no two copies alike; read anew for each copy."""
    size = _LAST - _FIRST + 1
    for copy in range(times):
        moved = {_FIRST + place: _FIRST + (place + copy * _STEP) % size for place in range(size)}
        for number, record in enumerate(islice(read_corpus("smile", smile), dialogues)):
            content = json.loads(record.data)
            turns = content["dialogue"] if record.is_line else content
            said = [
                {"role": turn["role"], "content": turn["content"].translate(moved)}
                for turn in turns
            ]
            line = {"id": f"{copy}-{number}", "dialogue": said}
            data = json.dumps(line, ensure_ascii=False).encode()
            yield Record(f"copy {copy}, {record.place}", str(number), True, data)


def measure(command: list[str]) -> tuple[float, int]:
    """Seconds and peak resident bytes of a command and its children."""
    began, peak = time.monotonic(), 0
    process = psutil.Popen(command)
    while process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(one.memory_info().rss for one in family))
        except psutil.NoSuchProcess:
            continue
        time.sleep(_SAMPLE_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - began, peak


def main() -> None:
    """Measure each size, or with --once prepare one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smile", type=Path, required=True)
    parser.add_argument("--dialogues", type=int, default=2000, help="of one copy")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100], help="copies")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        stream = copies(options.smile, options.dialogues, options.times[0])
        with TemporaryDirectory() as out:
            prepare({"smile": stream}, Path(out), Options(), workers=options.workers)
        return
    print("| dialogues | seconds | peak MB |\n|---|---|---|")
    for times in options.times:
        command = [sys.executable, "-m", "benchmarks.prepare_memory", "--once"]
        command += ["--smile", str(options.smile), "--dialogues", str(options.dialogues)]
        command += ["--times", str(times), "--workers", str(options.workers)]
        seconds, peak = measure(command)
        print(f"| {options.dialogues * times:,} | {seconds:.0f} | {peak / 1e6:.0f} |", flush=True)


if __name__ == "__main__":
    main()
