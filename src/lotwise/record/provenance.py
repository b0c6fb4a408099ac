"""The record of a run, as stored in ``provenance.json``.

Relative paths start from the folder of the record, so that a results folder can be moved; all
other paths are absolute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lotwise.config.acquire import strike_logins
from lotwise.errors import InputError
from lotwise.evidence.catalogue import input_roles
from lotwise.files.atomic import atomic_path
from lotwise.keys import Level
from lotwise.record.legacy import fields_of_words, renewed
from lotwise.tree import CRATE, PROVENANCE, SAMPLES, ResultTree

# Made from the record; a new record is written without it.
SCHEMA: Final = 2

Sha256 = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the content, hexadecimal")
QUANTIFIED: Final = frozenset({"sheet of reads", "reads", "transcripts", "genome", "annotation"})
"""Roles of the inputs that were read before the analysis."""
OF_QUANTIFICATION: Final = frozenset({"quantification", "bootstraps", "halves of the reads"})
"""Roles of the files that the quantification of one sample wrote."""
ANALYSED: Final = frozenset(
    {"sample sheet", *OF_QUANTIFICATION, "transcripts to genes", *input_roles()}
)
"""Roles of the inputs that ``lotwise replay`` reads."""
WRITTEN_HERE: Final = frozenset({SAMPLES, ResultTree(Path()).alleles.as_posix()})
"""Inputs that the run itself may write again, if they are in the folder of the results."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Software(_Part):
    """The version of lotwise that computed."""

    version: str = Field(description="version of lotwise")
    commit: str | None = Field(description="git commit, if known")
    modified: bool | None = Field(description="whether the checkout differed from that commit")


class Machine(_Part):
    """The machine, without names of host and user, which do not affect the numbers."""

    system: str = Field(description="operating system and its release")
    architecture: str = Field(description="processor architecture")
    cpus: int | None = Field(description="processors that the process may use")
    memory_bytes: int | None = Field(description="physical memory")
    python: str = Field(description="implementation and version of Python")
    blas: tuple[str, ...] = Field(description="linear algebra libraries that NumPy and SciPy use")


class Program(_Part):
    """One finished call of a program."""

    name: str
    version: str
    command: tuple[str, ...] = Field(description="the full command line, one string per argument")
    exit_status: int | None = Field(description="null if it was not kept")
    sample: str | None = Field(default=None, description="sample for which it was called")
    started: str | None = Field(default=None, description="ISO 8601 in UTC, if kept")
    ended: str | None = Field(default=None, description="ISO 8601 in UTC, if kept")
    step: str = Field(default="", description="command of lotwise; empty for other programs")
    level: Level | Literal[""] = Field(default="", description="level for which it was called")
    samples: tuple[str, ...] = Field(default=(), description="samples given in the call")
    options: dict[str, Any] = Field(
        default_factory=dict, description="other arguments and options that were given, by name"
    )
    expression: dict[Level, str] = Field(
        default_factory=dict,
        description="id of the expression, by level, from which it computed what it wrote",
    )
    wrote: dict[str, str] = Field(
        default_factory=dict,
        description="SHA-256 of each result file that the program wrote; empty if it removed one",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_words_of_old_calls(cls, given: Any) -> Any:
        """Fill the fields of a call that was recorded as words only."""
        if not isinstance(given, dict) or given.get("name") != "lotwise" or "step" in given:
            return given
        return given | fields_of_words(given.get("command", ()))


class InputFile(_Part):
    """A file that the run read."""

    path: str
    bytes: int = Field(ge=0)
    sha256: str = Sha256
    source: str | None = Field(description="URL from which lotwise downloaded it; otherwise null")
    role: str
    note: str = Field(default="", description="anything unusual about it; empty otherwise")


class OutputFile(_Part):
    """A file that the run wrote."""

    path: str
    bytes: int = Field(ge=0)
    sha256: str = Sha256


class Amendment(_Part):
    """A recorded file that was not changed by a step of lotwise, and was recorded again."""

    path: str
    recorded: str = Field(description="SHA-256 that was on record")
    present: str = Field(description="SHA-256 now; empty if the file was removed")


class Provenance(_Part):
    """Inputs, programs, settings and outputs of a run."""

    record_format: Literal[2] = SCHEMA
    revision: int = Field(default=1, ge=1, description="1 for the first record of this folder")
    recorded: str = Field(default="", description="when this revision was written, in UTC")
    previous: str | None = Field(
        default=None, description="SHA-256 of the previous revision; null for the first"
    )
    reason: str = Field(default="", description="why recorded files were changed; --amend")
    amended: tuple[Amendment, ...] = Field(
        default=(), description="files that were changed with this revision"
    )
    lotwise: Software
    libraries: dict[str, str] = Field(description="versions of the libraries that compute")
    machine: Machine
    started: str = Field(description="ISO 8601 in UTC")
    ended: str = Field(description="ISO 8601 in UTC")
    programs: tuple[Program, ...]
    configuration: dict[str, Any] = Field(description="every key, with absolute paths")
    units: dict[Level, str] = Field(
        default_factory=dict, description="unit of each level: TPM, or the declared unit"
    )
    expression: dict[Level, str] = Field(
        default_factory=dict,
        description="id of the expression, by level, from which the outputs were computed",
    )
    seeds: dict[str, int] = Field(description="random seeds")
    workflow: str | None = Field(
        default=None, description="the workflow's main file, copied here; null for a run by hand"
    )
    criteria_sha256: str | None = Field(
        description="SHA-256 of the acceptance criteria; null if none were judged"
    )
    inputs: tuple[InputFile, ...]
    outputs: tuple[OutputFile, ...]

    @model_validator(mode="before")
    @classmethod
    def _take_earlier_forms(cls, given: Any) -> Any:
        return renewed(given)


def write_provenance(path: Path, provenance: Provenance) -> None:
    """Write the record without users and passwords of URLs.

    A crate next to it that was made from an earlier record is removed.
    """
    path.with_name(CRATE).unlink(missing_ok=True)
    write_part(path, provenance)


def write_part(path: Path, part: BaseModel) -> None:
    """Write a record or a part of it as JSON, without users and passwords of URLs."""
    text = strike_logins(part.model_dump_json(indent=1))
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_provenance(path: Path) -> Provenance:
    """Return a record written by :func:`write_provenance`, from its file or its folder.

    Raises
    ------
    InputError
        It is missing, is not JSON, or is not such a record.
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
            remedy="write the record again with `lotwise record`",
        ) from None
