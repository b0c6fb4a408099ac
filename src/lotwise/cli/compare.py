"""`lotwise compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from lotwise.cli.options import (
    correlation_options,
    criteria_option,
    evidence_options,
    expression_options,
    figures_options,
    levels_option,
    out_option,
    pick,
    samples_argument,
)
from lotwise.cli.step import call_of
from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig, FiguresConfig
from lotwise.keys import Level

_EXAMPLE: Final = """\b
Example:
  lotwise compare samples.tsv --tx2gene gencode.gtf.gz --out results
"""


@click.command("compare", epilog=_EXAMPLE)
@samples_argument
@out_option
@expression_options
@levels_option
@correlation_options
@click.option("--no-evidence", is_flag=True, help="Leave out the supporting evidence.")
@evidence_options
@figures_options
@criteria_option
@click.option("--no-report", is_flag=True, help="Leave out report.html.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Cores to use; results do not depend on it.  [default: OMP_NUM_THREADS, else all]",
)
def command(
    *,
    samples: Path,
    out: Path,
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
    pass.
    """
    from lotwise.cli.extras import require_extra
    from lotwise.cli.outcome import say_outcome
    from lotwise.cli.verdict import say
    from lotwise.run.steps import compare
    from lotwise.tree import ResultTree
    from lotwise.workers import limit_threads

    if not no_report:
        require_extra("report")
    if no_evidence:
        options["statistics"] = ()
    with limit_threads(threads):
        verdict = compare(
            samples,
            ResultTree(out),
            levels=levels,
            expression=pick(ExpressionConfig, options),
            correlation=pick(CorrelationConfig, options),
            figures=pick(FiguresConfig, options),
            evidence=pick(EvidenceConfig, options),
            acceptance=criteria,
            call=call_of(click.get_current_context()),
            report=not no_report,
        )
    correlation = pick(CorrelationConfig, options)
    figures = pick(FiguresConfig, options)
    say_outcome(ResultTree(out), pseudocount=correlation.pseudocount, decimals=figures.decimals)
    if verdict is None:
        click.echo("no verdict: there are no acceptance criteria (--criteria)", err=True)
    else:
        say(verdict, out)
