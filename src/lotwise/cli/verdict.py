"""`lotwise verdict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from lotwise.cli.options import (
    criteria_option,
    note_record,
    results_folder,
    warn_of_changed_inputs,
)
from lotwise.cli.step import Step
from lotwise.errors import RefusedError
from lotwise.wording import listed

if TYPE_CHECKING:
    from lotwise.acceptance import Verdict

_EXAMPLE: Final = """\b
Example:
  lotwise verdict --register --criteria acceptance.yaml --out results
  lotwise compare samples.tsv --out results
  lotwise verdict --out results
"""


@click.command("verdict", cls=Step, epilog=_EXAMPLE)
@criteria_option
@results_folder
@click.option(
    "--register",
    is_flag=True,
    help="Record the criteria before results are computed; judge nothing.",
)
@click.option(
    "--tables",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _list_tables(ctx) if asked else None,
    help="List the tables and columns that criteria can judge, and how to choose rows; exit.",
)
def command(*, criteria: str | None, out: Path, register: bool) -> None:
    """Judge the results below --out by acceptance criteria.

    Criteria are a YAML file, or the name of shipped criteria (example, encode_isogenic,
    encode_anisogenic); by default, those recorded below --out. Writes verdict.json and
    verdict.tsv, and adds to verdict_history.jsonl. A criterion on a statistic that was not
    computed is "not assessable", never a pass. Exit code 1 unless all criteria pass.
    """
    from lotwise.acceptance import (
        read_criteria,
        recorded_criteria,
        register_criteria,
        require_tables,
        write_verdict,
    )
    from lotwise.acceptance.outdated import EARLIER
    from lotwise.acceptance.reading import unknown_labels
    from lotwise.tree import PAGE

    read = recorded_criteria(out) if criteria is None else read_criteria(criteria)
    if read.criteria.uncovered:
        left_out = listed(read.criteria.uncovered)
        click.echo(f"lotwise: warning: {read.name}: no criterion covers {left_out}", err=True)
    for criterion in read.criteria.criteria:
        for words in unknown_labels(out, criterion.measures()):
            click.echo(
                f"lotwise: warning: {read.name}: criterion {criterion.id!r}: {words}", err=True
            )
    if register:
        register_criteria(out, read)
        title = " ".join(read.criteria.title.split())
        click.echo(f"criteria recorded in {out}: {title} (SHA-256 {read.criteria.sha256})")
        return
    require_tables(out)
    verdict = write_verdict(out, read)
    stale = any(EARLIER in one.judgement.reason for one in verdict.assessed)
    if not stale:
        note_record(out, "verdict")
    if (out / PAGE).exists():
        click.echo(
            f"lotwise: note: {PAGE} does not show this verdict yet; to write it again: "
            f"lotwise report --out {out}",
            err=True,
        )
    if verdict.outcome != "pass":
        # Of a pass, the observations say it.
        warn_of_changed_inputs(out)
    say(verdict, out)


def say(verdict: Verdict, out: Path) -> None:
    """Print a verdict; raise an error, for exit code 1, unless it is a pass.

    Raises
    ------
    RefusedError
        The outcome is fail or not assessable.
    """
    from lotwise.report.interpretation import observations
    from lotwise.report.words import bound_words, number_beside

    criteria = verdict.criteria.criteria
    open_ = observations(out) if verdict.outcome == "pass" else ()
    resolved = verdict.outcome != "pass" or not (open_ or verdict.notices)
    observed = "" if resolved else ", with unresolved observations"
    click.echo(f"Verdict: {verdict.outcome}{observed}: {verdict.meaning}")
    for topic, text in open_:
        click.echo(f"  OBSERVED: {_plain(topic)}: {_plain(text)}")
    for notice in verdict.notices:
        click.echo(f"  NOTICE: {_plain(notice)}")
    click.echo(f"  {_plain(criteria.title)} (SHA-256 of the content {criteria.sha256})")
    for one in verdict.assessed:
        judged = one.judgement
        bound = _plain(one.criterion.bound)
        # For text answers, the number is the fraction of rows with the answer, given in the reason.
        shown = judged.value is not None and one.criterion.is_ is None
        value = f"{number_beside(judged.value or 0.0, bound)}, " if shown else ""
        needed = f"required {bound_words(bound).removeprefix('is ')}"
        click.echo(
            f"  {judged.outcome:<14}  {one.criterion.id}: {value}{needed}"
            f"{f' at {_plain(judged.where)}' if judged.where else ''}; {_plain(judged.reason)}"
        )
    if verdict.outcome == "pass":
        return
    told = [
        f"{words}: {', '.join(named)}"
        for words, named in (
            ("failed", verdict.named("fail")),
            ("not assessable", verdict.named("not assessable")),
        )
        if named
    ]
    raise RefusedError(f"the verdict is {verdict.outcome!r} ({'; '.join(told)})", path=out)


def _list_tables(ctx: click.Context) -> None:
    from lotwise.evidence.catalogue import tables
    from lotwise.files.records import meanings

    for table in tables().values():
        click.echo(f"{table.name} ({', '.join(table.levels)}): {table.meaning}")
        said = meanings(table.record)
        for name in table.statistics:
            click.echo(f"  {name:<21} {said[name]}")
        if table.row_columns:
            click.echo("  rows can be chosen by:")
        for name, values in table.row_columns.items():
            required = "required: " if name in table.to_choose else ""
            click.echo(f"    {name:<19} {required}{', '.join(values) or said[name]}")
    ctx.exit()


def _plain(text: str) -> str:
    """Return text on one line, without characters that control a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))
