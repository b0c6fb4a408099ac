"""The record of a run, as it stands in ``provenance.json``.

Paths that are relative lie below the folder of the record, so that a folder of results can be
moved as a whole; all others are absolute.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lotwise.errors import InputError
from lotwise.evidence.catalogue import input_roles
from lotwise.files.atomic import atomic_path
from lotwise.keys import Level
from lotwise.record.legacy import fields_of_words, renewed
from lotwise.tree import CRATE, PROVENANCE

# Made from the record, which is made anew without it.
SCHEMA: Final = 2

Sha256 = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the content, hexadecimal")
QUANTIFIED: Final = frozenset({"sheet of reads", "reads", "transcripts", "genome", "annotation"})
"""Roles of the inputs that were read before the analysis."""
ANALYSED: Final = frozenset(
    {"sample sheet", "quantification", "bootstraps", "transcripts to genes", *input_roles()}
)
"""Roles of what a repetition of the analysis reads."""

# User and password of an address, which a proxy's may have.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s\"'@]+@")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Software(_Part):
    """Which lotwise computed."""

    version: str = Field(description="version of lotwise")
    commit: str | None = Field(description="git commit where it is known")
    modified: bool | None = Field(description="whether the checkout differed from that commit")


class Machine(_Part):
    """What it ran on; neither the host's nor the user's name, which say nothing about numbers."""

    system: str = Field(description="operating system and its release")
    architecture: str = Field(description="processor architecture")
    cpus: int | None = Field(description="processors that the process may use")
    memory_bytes: int | None = Field(description="physical memory")
    python: str = Field(description="implementation and version of Python")
    blas: tuple[str, ...] = Field(
        description="libraries of linear algebra that NumPy and SciPy use"
    )


class Program(_Part):
    """One finished call of a program."""

    name: str
    version: str
    command: tuple[str, ...] = Field(description="the full command line, a string an argument")
    exit_status: int | None = Field(description="null where it was not kept")
    sample: str | None = Field(default=None, description="sample that it was called for")
    started: str | None = Field(default=None, description="ISO 8601 in UTC, where it was kept")
    ended: str | None = Field(default=None, description="ISO 8601 in UTC, where it was kept")
    step: str = Field(default="", description="command of lotwise; empty for other programs")
    level: Level | Literal[""] = Field(default="", description="level that the step was called for")
    samples: tuple[str, ...] = Field(default=(), description="samples that were named in the call")
    options: dict[str, Any] = Field(
        default_factory=dict, description="other arguments and options that were given, by name"
    )
    wrote: dict[str, str] = Field(
        default_factory=dict, description="SHA-256 of each file of the results that it wrote"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_words_of_old_calls(cls, given: Any) -> Any:
        """Fill the fields of a call that was recorded as words alone."""
        if not isinstance(given, dict) or given.get("name") != "lotwise" or "step" in given:
            return given
        return given | fields_of_words(given.get("command", ()))


class InputFile(_Part):
    """A file that the run read."""

    path: str
    bytes: int = Field(ge=0)
    sha256: str = Sha256
    source: str | None = Field(description="address that it was fetched from, where lotwise did")
    role: str
    note: str = Field(default="", description="what is odd about it; empty where nothing")


class OutputFile(_Part):
    """A file that the run wrote."""

    path: str
    bytes: int = Field(ge=0)
    sha256: str = Sha256


class Amendment(_Part):
    """A recorded file that was changed by no step of lotwise, and was recorded again."""

    path: str
    recorded: str = Field(description="SHA-256 that was on record")
    present: str = Field(description="SHA-256 now; empty where the file is gone")


class Provenance(_Part):
    """What a run was made from and with."""

    record_format: Literal[2] = SCHEMA
    revision: int = Field(default=1, ge=1, description="1 for the first record of this folder")
    recorded: str = Field(default="", description="when this revision was written, in UTC")
    previous: str | None = Field(
        default=None, description="SHA-256 of the revision before; null for the first"
    )
    reason: str = Field(default="", description="why recorded files were changed; --amend")
    amended: tuple[Amendment, ...] = Field(
        default=(), description="what was changed with this revision"
    )
    lotwise: Software
    libraries: dict[str, str] = Field(description="versions of the libraries that compute")
    machine: Machine
    started: str = Field(description="ISO 8601 in UTC")
    ended: str = Field(description="ISO 8601 in UTC")
    programs: tuple[Program, ...]
    configuration: dict[str, Any] = Field(description="every key, paths absolute")
    seeds: dict[str, int] = Field(description="of all random numbers")
    workflow: str | None = Field(
        default=None, description="the workflow's main file, copied here; null for a run by hand"
    )
    criteria_sha256: str | None = Field(description="of the acceptance criteria, if judged")
    inputs: tuple[InputFile, ...]
    outputs: tuple[OutputFile, ...]

    @model_validator(mode="before")
    @classmethod
    def _take_earlier_forms(cls, given: Any) -> Any:
        return renewed(given)


def write_provenance(path: Path, provenance: Provenance) -> None:
    """Write the record; users and passwords of addresses are struck out.

    A crate beside it that was made from an earlier record is removed.
    """
    path.with_name(CRATE).unlink(missing_ok=True)
    write_part(path, provenance)


def write_part(path: Path, part: BaseModel) -> None:
    """Write a record or a part of one as JSON; users and passwords of addresses are struck out."""
    text = _CREDENTIALS.sub("***@", part.model_dump_json(indent=1))
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_provenance(path: Path) -> Provenance:
    """Read a record that :func:`write_provenance` wrote; a folder means the record in it.

    Raises
    ------
    InputError
        It is missing, is no JSON, or is not such a record.
    """
    if path.is_dir():
        path /= PROVENANCE
    try:
        return Provenance.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(
            "no such record", path=path, remedy="`lotwise compare` and the workflow write it"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise InputError(
            f"is not a record of this version of lotwise ({place}: {fault['msg']})"
            if place
            else f"is not a record of lotwise ({fault['msg']})",
            path=path,
            remedy="make it anew with `lotwise record`",
        ) from None
