"""Where models are published. Tokens come from the hubs' own variables and logins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from inference.console import CommandError

if TYPE_CHECKING:
    from pathlib import Path


class Hub(Protocol):
    """A place to upload to."""

    @property
    def title(self) -> str:
        """For people."""
        ...

    def upload(self, folder: Path, repository: str, *, private: bool) -> str:
        """Make the repository if it is not there and send every file; returns its address.

        Raises CommandError.
        """
        ...


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """huggingface.co, or the mirror that HF_ENDPOINT names; HF_TOKEN or a login."""

    title: str = "Hugging Face"

    def upload(self, folder: Path, repository: str, *, private: bool) -> str:
        """See `Hub`."""
        try:
            from huggingface_hub import HfApi  # noqa: PLC0415 - an extra
        except ImportError:
            raise _missing("huggingface_hub") from None
        api = HfApi()
        try:
            address = api.create_repo(repository, private=private, exist_ok=True)
            api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Shudong")
        except Exception as error:
            raise _failed(self.title, error) from error
        return str(address)


@dataclass(frozen=True, slots=True)
class ModelScope:
    """modelscope.cn; the token is in MODELSCOPE_API_TOKEN."""

    title: str = "ModelScope"

    def upload(self, folder: Path, repository: str, *, private: bool) -> str:
        """See `Hub`."""
        try:
            from modelscope_hub import HubApi  # noqa: PLC0415 - an extra
        except ImportError:
            raise _missing("modelscope-hub") from None
        api = HubApi(token=os.environ.get("MODELSCOPE_API_TOKEN") or None)
        try:
            if not api.repo_exists(repository, "model"):
                visibility = "private" if private else "public"
                api.create_repo(repository, "model", visibility=visibility)
            api.upload_folder(repository, "model", folder, commit_message="Shudong")
        except Exception as error:
            raise _failed(self.title, error) from error
        return f"https://modelscope.cn/models/{repository}"


HUBS: dict[str, Hub] = {"huggingface": HuggingFace(), "modelscope": ModelScope()}


def _missing(package: str) -> CommandError:
    return CommandError(
        f"Uploading needs the package {package}: pip install --editable '.[publish]'",
        exit_status=2,
    )


def _failed(title: str, error: Exception) -> CommandError:
    return CommandError(
        f"{title} did not take it ({type(error).__name__}: {error}). What is there already is kept "
        "by the hub; the same command goes on."
    )
