"""The Snakemake profile: its settings for SLURM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path

StatusCommand = Literal["squeue", "sacct"]

_FILE: Final = "config.yaml"
_KEY: Final = "slurm-status-command"
_FIRST_STATUS: Final = "slurm-init-seconds-before-status-checks"
# Snakemake's default number of seconds before the first status check.
_FIRST_STATUS_SECONDS: Final = 40


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Settings of a profile for where jobs run."""

    path: Path
    executor: str = ""
    status_command: str | None = None
    first_status_seconds: int = _FIRST_STATUS_SECONDS
    account: str | None = None
    partition: str | None = None


def read_profile(path: Path) -> Profile:
    """Read a profile: a folder with ``config.yaml``, or that file.

    Raises
    ------
    InputError
        The profile does not exist, is not YAML, or a key has an invalid value.
    """
    file = path / _FILE if path.is_dir() else path
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InputError(
            f"no such profile ({error.strerror})", path=file, remedy="give the folder of a profile"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError("is not YAML", path=file) from error
    if not isinstance(given, dict):
        raise InputError("has no keys", path=file)
    resources = _pairs(given.get("default-resources"), file)
    return Profile(
        path=file,
        executor=str(given.get("executor", "")),
        status_command=given.get(_KEY),
        first_status_seconds=_seconds(given.get(_FIRST_STATUS, _FIRST_STATUS_SECONDS), file),
        account=resources.get("slurm_account"),
        partition=resources.get("slurm_partition"),
    )


def set_status_command(profile: Profile, command: StatusCommand) -> None:
    r"""Write the status command into the profile; everything else, also comments, is kept.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "config.yaml").write_text("slurm-status-command: sacct  # why\n")
    >>> set_status_command(read_profile(folder), "squeue")
    >>> print((folder / "config.yaml").read_text(), end="")
    slurm-status-command: squeue  # why
    """
    text = profile.path.read_text(encoding="utf-8")
    line = re.compile(rf"^{_KEY}:[^#\n]*?(?P<comment>[ \t]*#.*)?$", re.MULTILINE)
    if line.search(text):
        text = line.sub(lambda found: _with_comment(command, found["comment"] or ""), text)
    else:
        text = f"{text.rstrip()}\n{_KEY}: {command}\n"
    with atomic_path(profile.path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _with_comment(command: StatusCommand, comment: str) -> str:
    """Return the line; a space separates a comment, which would otherwise join the command."""
    blank = "" if comment[:1] != "#" else "  "
    return f"{_KEY}: {command}{blank}{comment}"


def _seconds(given: Any, file: Path) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        raise InputError(
            f"key {_FIRST_STATUS!r} is {given!r}; it must be a whole number of seconds", path=file
        ) from None


def _pairs(given: Any, file: Path) -> dict[str, str]:
    """Return resources by name, from a list of NAME=VALUE or a mapping."""
    if isinstance(given, Mapping):
        return {str(name): str(value) for name, value in given.items()}
    given = [given] if isinstance(given, str) else given
    if given is not None and not isinstance(given, list):
        raise InputError(
            f"key 'default-resources' is {given!r}; it must be a list of NAME=VALUE, or a mapping",
            path=file,
        )
    named = (str(item).partition("=") for item in given or ())
    return {name.strip(): value.strip() for name, _, value in named}
