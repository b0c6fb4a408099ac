"""Performance qualification: the laboratory's own frozen inputs and stored results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lotwise.errors import InputError
from lotwise.files.yaml import parse_yaml
from lotwise.run.qualify.case import Case, run_case


class _Run(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    results: Path = Field(description="stored results, with their record")
    inputs_from: Path | None = Field(default=None, description="folder of the frozen inputs")
    outcome: Literal["pass", "fail", "not assessable"] | None = None


class Protocol(BaseModel):
    """A protocol: stored runs whose results must be reproduced."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    runs: tuple[_Run, ...] = Field(min_length=1)


def read_protocol(path: Path) -> Protocol:
    """Read a protocol; relative paths start from its folder.

    Raises
    ------
    InputError
        The file is not a protocol; the message names the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        protocol = Protocol.model_validate(parse_yaml(text, source=path))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise InputError(f"is not a protocol ({place}: {fault['msg']})", path=path) from None
    beside = path.parent
    runs = tuple(
        run.model_copy(
            update={
                "results": beside / run.results,
                "inputs_from": None if run.inputs_from is None else beside / run.inputs_from,
            }
        )
        for run in protocol.runs
    )
    return protocol.model_copy(update={"runs": runs})


def protocol_cases(protocol: Protocol) -> Iterator[Case]:
    """Repeat each stored run; all tables must be identical, and the verdict as stated."""
    from lotwise.run.replay import replay

    for run in protocol.runs:

        def look(run: _Run = run) -> tuple[str, bool]:
            found = replay(run.results, inputs_from=run.inputs_from)
            first = f": {found.all_differences[0]}" if found.all_differences else ""
            told = (
                f"{found.n_identical} tables identical, {len(found.all_differences)} differences"
                f"{first}; verdict {found.verdict or 'none'}"
            )
            same = run.outcome is None or run.outcome == found.verdict
            return told, same and not found.all_differences and found.n_identical > 0

        verdict = f", verdict {run.outcome}" if run.outcome else ""
        yield run_case(
            "performance", "REC-001", run.id, f"identical to the stored results{verdict}", look
        )
