"""`lotwise titrate`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import (
    PATH,
    criteria_option,
    note_record,
    results_folder,
    warn_of_changed_inputs,
)
from lotwise.cli.step import Step
from lotwise.keys import LEVELS


@click.command("titrate", cls=Step)
@criteria_option
@results_folder
@click.option("--sample", help="Sample in the results; mix in its profile.")
@click.option("--condition", help="Condition in the results; mix in its mean profile.")
@click.option("--accepted", type=PATH, help="Set of accepted batches; mix in their mean profile.")
@click.option("--table", type=PATH, help="Table of features and TPM; mix in this profile.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
def command(
    *,
    criteria: str | None,
    out: Path,
    sample: str | None,
    condition: str | None,
    accepted: Path | None,
    table: Path | None,
    repeats: int,
    seed: int,
    threads: int,
) -> None:
    """Measure how much of another profile acceptance criteria would not detect.

    Mixes 0.5 to 50 % of a profile into each batch of the results below --out, draws new counts
    and judges the criteria (by default the recorded ones). Writes titration.tsv,
    titration_curve.tsv and a figure, prints the fractions that the criteria would pass, and
    writes report.html again if there is one.
    """
    from lotwise import pl
    from lotwise.acceptance import log_titration, read_criteria, recorded_criteria
    from lotwise.acceptance.criteria import OVERALL
    from lotwise.acceptance.titrated import blind_criteria
    from lotwise.config import Config
    from lotwise.expression import read_level
    from lotwise.files.tables import write_table
    from lotwise.record.build import configuration_of, criteria_of
    from lotwise.record.provenance import read_provenance
    from lotwise.run.profile import profile_of
    from lotwise.run.titration import refuse_other_labels, titrate
    from lotwise.tree import TITRATION_FORMATS, ResultTree

    tree = ResultTree(out)
    read = recorded_criteria(out) if criteria is None else read_criteria(criteria)
    expression = {
        level: read_level(tree.h5ad(level), level) for level in LEVELS if tree.h5ad(level).is_file()
    }
    if not expression:
        read_level(tree.h5ad("gene"), "gene")  # its error says what is missing
    refuse_other_labels(expression, out)
    warn_of_changed_inputs(out)
    profile = profile_of(
        expression, sample=sample, condition=condition, accepted=accepted, table=table
    )
    # Use the settings of the run; without a record, the defaults.
    settings = (
        configuration_of(read_provenance(out), out) if tree.provenance.is_file() else Config()
    )
    found = titrate(
        expression,
        read,
        profile=profile,
        evidence=settings.evidence,
        correlation=settings.correlation,
        n_repeats=repeats,
        seed=seed,
        threads=threads,
    )
    write_table(tree.titration, found.table)
    write_table(tree.titration_curve, found.curve)
    # The page shows the table only as it was written, and only with what it was computed from.
    log_titration(out, read.criteria)
    if len(found.curve):
        pl.save_figure(pl.titration(found.curve), tree.titration_figure, TITRATION_FORMATS)
    click.echo(found.sentence())
    for name, batches in blind_criteria(found.table.to_dict("records")).items():
        what = "the whole verdict" if name == OVERALL else f"criterion {name}"
        click.echo(f"  {what} passes even with the largest share mixed into {', '.join(batches)}")
    click.echo(f"written to {tree.titration}")
    if criteria_of(out) not in {None, read.criteria.sha256}:
        click.echo(
            "lotwise: note: report and certificate do not show this titration, because its "
            "criteria are not those of the verdict",
            err=True,
        )
    note_record(out, "titration")
    if tree.report.is_file():
        from lotwise.report.page import write_report

        # The page shows the sentence above.
        figures = settings.figures
        click.echo(f"written to {write_report(out, note=figures.note, decimals=figures.decimals)}")
