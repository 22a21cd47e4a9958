from __future__ import annotations

import pytest

from training.xtuner.errors import XTunerError
from training.xtuner.launch import Launch


def test_one_process_needs_no_torchrun() -> None:
    command = Launch().command("train", ["config.py"])

    assert command[1:] == ["-m", "training.xtuner.child", "train", "config.py"]


def test_four_gpus_are_started_by_torchrun_as_xtuner_does() -> None:
    launch = Launch.from_environment({"NPROC_PER_NODE": "4"})

    command = launch.command("train", ["config.py", "--deepspeed", "deepspeed_zero2"])

    assert launch.world == 4
    assert command[3] == "torchrun"
    assert "--nproc_per_node=4" in command
    assert command[-7:] == [
        *("training.xtuner.child", "train", "config.py"),
        *("--deepspeed", "deepspeed_zero2", "--launcher", "pytorch"),
    ]


def test_machines_meet_where_xtuners_variables_say() -> None:
    launch = Launch.from_environment(
        {
            "NPROC_PER_NODE": "8",
            "NNODES": "2",
            "NODE_RANK": "1",
            "ADDR": "10.0.0.7",
            "PORT": "23456",
        }
    )

    command = launch.command("train", [])

    assert launch.world == 16
    assert {
        *("--nnodes=2", "--node_rank=1", "--nproc_per_node=8"),
        *("--master_addr=10.0.0.7", "--master_port=23456"),
    } <= set(command)


def test_torchruns_own_variables_count_too() -> None:
    launch = Launch.from_environment({"NNODES": "2", "MASTER_ADDR": "head", "MASTER_PORT": "1234"})

    assert (launch.address, launch.port) == ("head", 1234)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"NPROC_PER_NODE": "four"}, "NPROC_PER_NODE=four"),
        ({"NPROC_PER_NODE": "0"}, "NPROC_PER_NODE=0"),
        ({"NNODES": "2", "NODE_RANK": "2", "ADDR": "head"}, "NODE_RANK=2"),
        ({"NNODES": "2"}, "ADDR"),
    ],
)
def test_what_does_not_fit_is_a_sentence(environment: dict[str, str], named: str) -> None:
    with pytest.raises(XTunerError, match=named):
        Launch.from_environment(environment)
