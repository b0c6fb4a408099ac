"""A command that records in the results that it was run, for the provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from lotwise.cli.grouped import Grouped
from lotwise.errors import EXIT_DONE, RefusedError

if TYPE_CHECKING:
    from lotwise.keys import Level
    from lotwise.record.calls import Call

ARGUMENTS: Final = "lotwise.arguments"
# Steps that compute results from expression; others write it, or use no expression.
_COMPUTING: Final = frozenset({"correlate", "evidence", "figures", "titrate"})
_GIVEN: Final = frozenset({ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT})
# Parameters that distinguish the calls of one command within a run.
_TELLING: Final = ("level", "step", "chosen", "register", "reference_folder")
# File systems allow 255 bytes, and the temporary name of a file is longer.
_LONGEST_NAME: Final = 180


class Step(Grouped):
    """A step of a run; it writes its command line and times to ``logs/steps`` below ``--out``."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; record it when it has ended, also if the answer is no."""
        from lotwise.files.written import note_written
        from lotwise.record.calls import now

        started, given = now(), dict(ctx.params)
        found = _expression(given) if self.name in _COMPUTING else {}
        with note_written() as written:
            try:
                returned = super().invoke(ctx)
            except RefusedError as refusal:
                self._note(ctx, given, started, found, written, exit_status=refusal.exit_code)
                raise
        self._note(ctx, given, started, found, written, exit_status=EXIT_DONE)
        return returned

    def _note(
        self,
        ctx: click.Context,
        given: dict[str, Any],
        started: str,
        found: Mapping[Level, str],
        written: Mapping[Path, str],
        *,
        exit_status: int,
    ) -> None:
        from lotwise.record.calls import lotwise_call, now, results_among, write_step

        words = [self.name or "step"]
        for name in _TELLING:
            value = given.get(name)
            if value:
                words += (
                    value
                    if isinstance(value, tuple)
                    else [value if isinstance(value, str) else name]
                )
        call = lotwise_call(call_of(ctx), started=started, ended=now(), exit_status=exit_status)
        # The folder may be the only argument; `fetch` may have none.
        root = given.get("out") or given.get("results")
        if root is not None:
            wrote = results_among(written, root)
            # Results are of the expression that the step wrote, or else of the one it found.
            if any(name.endswith(".h5ad") for name in wrote):
                found = _expression(given)
            noted = call.model_copy(update={"wrote": wrote, "expression": found})
            write_step(root, _short(".".join(words)), noted)


def _expression(given: Mapping[str, Any]) -> dict[Level, str]:
    """Return the ids of the expression that a step uses: of its level, or of all."""
    from lotwise.expression.identity import read_identities

    root, of = given.get("out") or given.get("results"), given.get("level")
    ids = {} if root is None else read_identities(Path(root))
    # `lotwise expression` takes several levels.
    return {level: one for level, one in ids.items() if not isinstance(of, str) or level == of}


def _short(name: str) -> str:
    """Return a valid file name; a long one, as of many samples, is cut and ends in its checksum."""
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: _LONGEST_NAME - len(digest) - 1]}.{digest}"


def given_options(ctx: click.Context) -> frozenset[str]:
    """Return the names of the parameters that were given, which have no default's value."""
    return frozenset(name for name in ctx.params if ctx.get_parameter_source(name) in _GIVEN)


def call_of(ctx: click.Context) -> Call:
    """Return the call of ``ctx``: its command line and its named parameters."""
    from lotwise.record.calls import Call

    named = given_options(ctx)
    given = {name: value for name, value in ctx.params.items() if name in named}
    level = given.pop("level", "")
    return Call(
        command=("lotwise", *ctx.meta.get(ARGUMENTS, ())),
        step=ctx.command.name or "step",
        level=level,
        samples=given.pop("chosen", ()),
        options={name: _plain(value) for name, value in given.items()},
    )


def _plain(value: Any) -> Any:
    """Return a value in a form that JSON can hold."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)
