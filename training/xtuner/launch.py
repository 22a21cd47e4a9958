"""On how many processes and machines training runs: XTuner's own variables, given to torchrun."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from training.xtuner.errors import XTunerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHILD: Final = "training.xtuner.child"
HERE: Final = "127.0.0.1"
PORT: Final = 29500
"""torchrun's own."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One process on this machine, unless told otherwise."""

    processes: int = 1
    """On each machine: one a GPU."""
    nodes: int = 1
    node: int = 0
    """Which machine this is, from 0."""
    address: str = HERE
    """Of machine 0."""
    port: int = PORT
    deepspeed: str | None = None
    """A JSON file, or a name of XTuner's: deepspeed_zero1, _zero2, _zero2_offload, _zero3, ..."""

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], deepspeed: str | None = None
    ) -> Launch:
        """What `NPROC_PER_NODE=4 NNODES=2 NODE_RANK=1 ADDR=... xtuner train` would take.

        torchrun's own MASTER_ADDR and MASTER_PORT count where ADDR and PORT are not set.

        Raises:
            XTunerError: a number is none, or machines do not fit together.
        """
        launch = cls(
            processes=_number(environment, "NPROC_PER_NODE", 1),
            nodes=_number(environment, "NNODES", 1),
            node=_number(environment, "NODE_RANK", 0),
            address=environment.get("ADDR") or environment.get("MASTER_ADDR") or HERE,
            port=_number(environment, "PORT" if environment.get("PORT") else "MASTER_PORT", PORT),
            deepspeed=deepspeed,
        )
        if launch.processes < 1 or not 0 <= launch.node < launch.nodes:
            raise XTunerError(
                f"NPROC_PER_NODE={launch.processes} NNODES={launch.nodes} NODE_RANK={launch.node} "
                "do not fit: one process at least, and ranks from 0 to NNODES - 1.",
                exit_status=2,
            )
        if launch.nodes > 1 and launch.address == HERE:
            raise XTunerError(
                f"NNODES={launch.nodes} needs the address of the machine with NODE_RANK=0: "
                "set ADDR to it, the same on all machines.",
                exit_status=2,
            )
        return launch

    @property
    def world(self) -> int:
        """Processes on all machines together."""
        return self.processes * self.nodes

    def command(self, tool: str, arguments: Sequence[str]) -> list[str]:
        """The command line that runs one of XTuner's tools so."""
        child = [sys.executable, "-m", CHILD]
        if self.world == 1:
            return [*child, tool, *arguments]
        # On one machine torchrun finds a free port; many have to agree on one.
        where = (
            ["--standalone"]
            if self.nodes == 1
            else [
                f"--nnodes={self.nodes}",
                f"--node_rank={self.node}",
                f"--master_addr={self.address}",
                f"--master_port={self.port}",
            ]
        )
        return [
            *(*child, "torchrun", *where, f"--nproc_per_node={self.processes}"),
            *("--module", CHILD, tool, *arguments, "--launcher", "pytorch"),
        ]


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal():
        raise XTunerError(f"{name}={text} is not a number.", exit_status=2)
    return int(text)
