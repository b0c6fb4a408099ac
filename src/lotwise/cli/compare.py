"""`lotwise compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from lotwise.cli.grouped import Grouped
from lotwise.cli.options import (
    PATH,
    correlation_options,
    criteria_option,
    evidence_options,
    figures_options,
    levels_option,
    pick,
    reading_options,
    tx2gene_option,
)
from lotwise.cli.step import call_of, given_options
from lotwise.config import (
    Config,
    CorrelationConfig,
    EvidenceConfig,
    ExpressionConfig,
    FiguresConfig,
    read_config,
)
from lotwise.errors import InputError
from lotwise.keys import Level

_EXAMPLE: Final = """\b
Example:
  lotwise compare samples.tsv --tx2gene gencode.gtf.gz --out results
  lotwise compare --config config.yaml
"""
_SECTIONS: Final = {
    "expression": ExpressionConfig,
    "correlation": CorrelationConfig,
    "figures": FiguresConfig,
    "evidence": EvidenceConfig,
}


@click.command("compare", cls=Grouped, epilog=_EXAMPLE)
@click.argument("samples", type=PATH, required=False)
@click.option("--out", "-o", type=PATH, help="Folder of the results; required without --config.")
@tx2gene_option
@criteria_option
@levels_option
@click.option(
    "--config",
    "config_file",
    type=PATH,
    help="Configuration file, as written by `lotwise init`; options given here replace its values.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Cores to use; results do not depend on their number.  "
    "[default: OMP_NUM_THREADS, else all]",
)
@click.option("--no-evidence", is_flag=True, help="Leave out the supporting evidence.")
@click.option("--no-report", is_flag=True, help="Leave out report.html.")
@reading_options
@correlation_options
@figures_options
@evidence_options
def command(
    *,
    samples: Path | None,
    out: Path | None,
    config_file: Path | None,
    levels: tuple[Level, ...],
    no_evidence: bool,
    criteria: str | None,
    no_report: bool,
    threads: int | None,
    **options: Any,
) -> None:
    """Compare the quantified batches of the sample sheet SAMPLES.

    SAMPLES is a TSV or CSV table with the columns sample, batch and quant. quant is a file
    of RSEM, salmon or kallisto, the output folder of one of them, an RSEM prefix, or a TPM
    matrix. Expression, correlations, evidence, figures and report.html are written below
    --out. With --criteria a verdict is written too, and the exit code is 1 unless it is a
    pass. With --config, sample sheet, folder and settings come from a file.
    """
    from lotwise.acceptance import registration_of
    from lotwise.cli.extras import require_extra
    from lotwise.cli.outcome import say_outcome
    from lotwise.cli.verdict import say
    from lotwise.run.steps import compare
    from lotwise.tree import ResultTree
    from lotwise.workers import limit_threads

    context = click.get_current_context()
    config = None if config_file is None else _read(config_file)
    if config is not None:
        options = {name: options[name] for name in given_options(context) & options.keys()}
        samples, out = samples or config.samples, out or config.results
        levels = levels or config.levels
        criteria = criteria or config.acceptance
        no_report = no_report or not config.report
    if samples is None or out is None:
        missing = "SAMPLES" if samples is None else "--out"
        msg = f"{missing} is missing; give {missing} or --config FILE"
        raise click.UsageError(msg)
    if not no_report:
        require_extra("report")
    if no_evidence:
        options["statistics"] = ()
    expression, correlation, figures, evidence = (
        pick(section, options, base=None if config is None else getattr(config, name))
        for name, section in _SECTIONS.items()
    )
    with limit_threads(threads):
        verdict = compare(
            samples,
            ResultTree(out),
            levels=levels,
            expression=expression,
            correlation=correlation,
            figures=figures,
            evidence=evidence,
            acceptance=criteria,
            call=call_of(context),
            report=not no_report,
        )
    say_outcome(ResultTree(out), pseudocount=correlation.pseudocount, decimals=figures.decimals)
    if verdict is not None:
        say(verdict, out)
    elif registered := registration_of(out):
        click.echo(
            f"no verdict yet: criteria are registered here, {registered.named}; to judge these "
            f"results by them: lotwise verdict --out {out}",
            err=True,
        )
    else:
        click.echo("no verdict: no acceptance criteria were given (--criteria FILE)", err=True)


def _read(path: Path) -> Config:
    """Read a configuration of quantifications; its paths are relative to the working directory."""
    config = read_config(path)
    if config.source != "quant":
        raise InputError(
            f"the source is {config.source!r}, but `lotwise compare` needs quantifications "
            "('source: quant')",
            path=path,
            remedy=f"use `lotwise run --config {path}`",
        )
    beside = path.parent / config.samples
    if not config.samples.exists() and beside.exists():
        raise InputError(
            f"{config.samples} is not in the working directory, to which paths are relative",
            path=path,
            remedy=f"use `cd {path.parent} && lotwise compare --config {path.name}`",
        )
    return config
