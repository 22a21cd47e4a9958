"""Where models are published. Tokens come from the hubs' own variables and logins."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from inference.console import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODELSCOPE_PRIVATE: Final = 1
"""Of its visibilities; there are 3, internal, and 5, public."""


class Hub(Protocol):
    """A place to upload to."""

    @property
    def title(self) -> str:
        """For people."""
        ...

    def upload(self, folder: Path, repository: str, *, private: bool) -> str:
        """Make the repository if it is not there and send every file; returns its address.

        Raises CommandError: also where the repository is there and not as private as it should be.
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
        with _reported(self.title):
            if api.repo_exists(repository):
                _check_seen(
                    self.title, repository, bool(api.model_info(repository).private), private
                )
            else:
                api.create_repo(repository, private=private)
            api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Shudong")
        return f"{api.endpoint}/{repository}"


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
        with _reported(self.title):
            if api.repo_exists(repository, "model"):
                found = api.get_repo(repository, "model")
                is_private = found.private or found.visibility == _MODELSCOPE_PRIVATE
                _check_seen(self.title, repository, bool(is_private), private)
            else:
                visibility = "private" if private else "public"
                api.create_repo(repository, "model", visibility=visibility)
            api.upload_folder(repository, "model", folder, commit_message="Shudong")
        return f"https://modelscope.cn/models/{repository}"


HUBS: dict[str, Hub] = {"huggingface": HuggingFace(), "modelscope": ModelScope()}


def _missing(package: str) -> CommandError:
    return CommandError(
        f"Uploading needs the package {package}: pip install --editable '.[publish]'",
        exit_status=2,
    )


def _check_seen(title: str, repository: str, is_private: bool, private: bool) -> None:
    """A hub keeps who may see a repository that is there already, whatever is asked for."""
    if is_private and not private:
        raise CommandError(
            f"{repository} is there on {title} already, and private. Nothing was sent: make it "
            "public on its page, leave --public out, or name another."
        )
    if private and not is_private:
        raise CommandError(
            f"{repository} is there on {title} already, and everybody may see it. Nothing was "
            "sent: make it private on its page, say --public, or name another."
        )


@contextmanager
def _reported(title: str) -> Iterator[None]:
    try:
        yield
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(
            f"{title} did not take it ({type(error).__name__}: {error}). What is there already is "
            "kept by the hub; the same command goes on."
        ) from error
