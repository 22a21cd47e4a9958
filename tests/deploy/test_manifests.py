"""What is handed to Docker, compose, Kubernetes and systemd is what they take, and fits the bot."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot.settings import Settings
from inference.serve.plan import ServeOptions, server_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
PROGRAMS = Path(sys.executable).parent
SETTINGS = {name.upper() for name in Settings.model_fields}
OLDEST_KUBERNETES = "1.30"
HIGHEST_EXPOSURE = {"shudong@": 20, "shudong-migrate": 20, "shudong-lmdeploy@": 50}
"""By `systemd-analyze security`, from 0 (a service that may do nothing) to 100."""


def output_of(*command: str | Path) -> str:
    """What a program says that ends well; everything it says where it does not."""
    ended = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return read


def manifests() -> Iterator[dict[str, Any]]:
    """Every object for Kubernetes, as it stands in its file."""
    for file in sorted(KUBERNETES.rglob("*.yaml")):
        if file.name != "kustomization.yaml":
            yield from yaml.safe_load_all(file.read_text("utf-8"))


def manifest(kind: str, name: str) -> dict[str, Any]:
    [found] = [
        one for one in manifests() if one["kind"] == kind and one["metadata"]["name"] == name
    ]
    return found


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [
        (one["metadata"]["name"], one["spec"]["template"]["spec"])
        for one in manifests()
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}
    ]


def kubernetes_settings() -> dict[str, str]:
    lines = (KUBERNETES / "bot/settings.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def flags(command: list[str]) -> set[str]:
    """Each flag with its value, in one spelling: --tp=1."""
    parts: list[str] = []
    for part in command:
        if part.startswith("--") or not parts:
            parts.append(part)
        else:
            parts[-1] += f"={part}"
    return {part for part in parts if part.startswith("--")}


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    assert output_of(PROGRAMS / "hadolint", DEPLOY / "Dockerfile") == ""


def test_the_image_takes_the_locked_packages_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r /build/requirements.lock" in text
    assert re.search(r"^USER (?!0)\d+:\d+$", text, re.MULTILINE)
    final = text.rpartition("\nFROM ")[2]
    assert "HEALTHCHECK" in final
    copied = set(re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE))
    let_in = {
        line[1:]
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    assert copied == let_in
    assert all((ROOT / path).exists() for path in copied)


def test_the_compose_file_is_one() -> None:
    schema = "vendor.compose-spec"
    assert "ok" in output_of(
        PROGRAMS / "check-jsonschema", "--builtin-schema", schema, DEPLOY / "compose.yaml"
    )


def test_every_service_of_compose_is_confined() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    published = {
        name: service["ports"]
        for name, service in compose()["services"].items()
        if "ports" in service
    }
    assert published.keys() == {"caddy", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in published["grafana"])


def test_compose_mounts_only_files_that_are_here() -> None:
    for service in compose()["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).exists(), source


def test_compose_and_kubernetes_name_only_settings_that_there_are() -> None:
    services = compose()["services"]
    named = {
        name for kind in ("bot", "bot-cpu", "migrate") for name in services[kind]["environment"]
    }
    assert named | kubernetes_settings().keys() <= SETTINGS


def test_all_replicas_together_keep_the_pace_of_telegram() -> None:
    bot = compose()["services"]["bot"]
    pace = int(bot["environment"]["TELEGRAM_CALLS_PER_SECOND"])
    assert bot["deploy"]["replicas"] * pace <= 30
    autoscaler = manifest("HorizontalPodAutoscaler", "shudong")["spec"]
    pace = int(kubernetes_settings()["TELEGRAM_CALLS_PER_SECOND"])
    assert autoscaler["maxReplicas"] * pace <= 30


def test_everything_that_ends_a_bot_waits_until_it_has_drained() -> None:
    drained = float(kubernetes_settings()["SHUTDOWN_GRACE"]) + 4
    assert drained == Settings.model_fields["shutdown_grace"].default + 4
    assert int(compose()["services"]["bot"]["stop_grace_period"].removesuffix("s")) > drained
    pod = dict(pods())["shudong"]
    [bot] = pod["containers"]
    before = int(bot["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > before + drained
    unit = (DEPLOY / "systemd/shudong@.service").read_text("utf-8")
    [stop] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(stop) > drained


@pytest.mark.parametrize("place", ["compose", "kubernetes"])
def test_lmdeploy_is_started_as_inference_serve_starts_it(place: str) -> None:
    options = ServeOptions(Path("/model"), "shudong-7b", host="0.0.0.0")
    checkpoint: Any = SimpleNamespace(is_awq=True, has_own_code=False)
    if place == "compose":
        command = compose()["services"]["lmdeploy"]["command"]
        command = shlex.split(re.sub(r"\$\{\w+:-(.*?)\}", r"\1", command))
    else:
        [server] = dict(pods())["lmdeploy"]["containers"]
        command = server["command"] + server["args"]
    assert flags(command) == flags(server_arguments(options, checkpoint))


@pytest.mark.parametrize(
    ("name", "pod"), pods(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_pod_is_confined(name: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"], name
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_kubernetes_takes_every_manifest(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(manifests()), "utf-8")
    said = output_of(PROGRAMS / "kubernetes-validate", "-k", OLDEST_KUBERNETES, "--strict", file)
    assert said.count(" passed ") == len(list(manifests()))


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl builds the overlays")
@pytest.mark.parametrize("folder", ["overlays/gpu", "overlays/cpu", "migration"])
def test_kustomize_builds_what_kubernetes_takes(folder: str, tmp_path: Path) -> None:
    file = tmp_path / "built.yaml"
    file.write_text(output_of("kubectl", "kustomize", KUBERNETES / folder), "utf-8")
    built = list(yaml.safe_load_all(file.read_text("utf-8")))
    assert {one["metadata"].get("namespace", "shudong") for one in built} == {"shudong"}
    said = output_of(PROGRAMS / "kubernetes-validate", "-k", OLDEST_KUBERNETES, "--strict", file)
    assert said.count(" passed ") == len(built)
    images = re.findall(r"image: (\S+)", file.read_text("utf-8"))
    assert images
    assert all(":" in image.rpartition("/")[2] for image in images)


@pytest.mark.parametrize("name", ["shudong@", "shudong-migrate"])
def test_no_setting_of_a_unit_gives_way_to_the_file_of_settings(name: str) -> None:
    """A file counts more than Environment=, and it is a copy of .env.example, with all settings."""
    unit = (DEPLOY / f"systemd/{name}.service").read_text("utf-8")
    set_in_unit = " ".join(re.findall(r"^Environment=(.*)$", unit, re.MULTILINE))
    assert {one.partition("=")[0] for one in set_in_unit.split()}.isdisjoint(SETTINGS)
    [start] = re.findall(r"^ExecStart=/usr/bin/env (.*)$", unit, re.MULTILINE)
    assert "DATA_DIR=/var/lib/shudong" in start


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd reads its units")
@pytest.mark.parametrize("name", HIGHEST_EXPOSURE)
def test_systemd_takes_the_unit_and_finds_it_confined(name: str, tmp_path: Path) -> None:
    text = (DEPLOY / f"systemd/{name}.service").read_text("utf-8")
    # Where nothing is installed the program of a unit is missing; any other stands for it.
    text, programs = re.subn(
        r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE
    )
    assert programs == 1
    unit = tmp_path / f"{name.replace('@', '@1')}.service"
    unit.write_text(text, "utf-8")
    assert output_of("systemd-analyze", "verify", unit) == ""
    threshold = f"--threshold={HIGHEST_EXPOSURE[name]}"
    output_of("systemd-analyze", "security", "--offline=yes", threshold, unit)
