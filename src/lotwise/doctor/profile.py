"""The profile of Snakemake: what it says of SLURM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from lotwise.atomic import atomic_path
from lotwise.errors import InputError

StatusCommand = Literal["squeue", "sacct"]

_FILE: Final = "config.yaml"
_KEY: Final = "slurm-status-command"
# Snakemake's own default of the seconds before it first asks how jobs are.
_FIRST_STATUS_SECONDS: Final = 40


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a profile says of where jobs run."""

    path: Path
    executor: str = ""
    status_command: str | None = None
    first_status_seconds: int = _FIRST_STATUS_SECONDS
    account: str | None = None
    partition: str | None = None


def read_profile(path: Path) -> Profile:
    """Read a profile, a folder with ``config.yaml`` or that file.

    Raises
    ------
    InputError
        There is no such profile, or it is not YAML.
    """
    file = path / _FILE if path.is_dir() else path
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InputError(
            f"no such profile ({error.strerror})", path=file, remedy="name the folder of one"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("is not YAML", path=file) from error
    if not isinstance(given, dict):
        raise InputError("holds no keys", path=file)
    resources = _pairs(given.get("default-resources"))
    return Profile(
        path=file,
        executor=str(given.get("executor", "")),
        status_command=given.get(_KEY),
        first_status_seconds=int(
            given.get("slurm-init-seconds-before-status-checks", _FIRST_STATUS_SECONDS)
        ),
        account=resources.get("slurm_account"),
        partition=resources.get("slurm_partition"),
    )


def set_status_command(profile: Profile, command: StatusCommand) -> None:
    r"""Write the status command into the profile; all else stays as it is, comments too.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "config.yaml").write_text("slurm-status-command: sacct  # why\n")
    >>> set_status_command(read_profile(folder), "squeue")
    >>> print((folder / "config.yaml").read_text(), end="")
    slurm-status-command: squeue  # why
    """
    text = profile.path.read_text(encoding="utf-8")
    line = re.compile(rf"^({_KEY}:[ \t]*)[^\s#]*", re.MULTILINE)
    if line.search(text):
        text = line.sub(rf"\g<1>{command}", text)
    else:
        text = f"{text.rstrip()}\n{_KEY}: {command}\n"
    with atomic_path(profile.path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _pairs(given: Any) -> dict[str, str]:
    """Give resources by name: a list of NAME=VALUE, or a mapping."""
    if isinstance(given, Mapping):
        return {str(name): str(value) for name, value in given.items()}
    named = (str(item).partition("=") for item in given or ())
    return {name.strip(): value.strip() for name, _, value in named}
