"""`lotwise compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lotwise.cli.options import (
    correlation_options,
    evidence_options,
    expression_options,
    figures_options,
    levels_option,
    out_option,
    pick,
    samples_argument,
)
from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig, FiguresConfig
from lotwise.keys import Level


@click.command("compare")
@samples_argument
@out_option
@expression_options
@levels_option
@correlation_options
@click.option("--no-evidence", is_flag=True, help="Leave out what stands beside R.")
@evidence_options
@figures_options
def command(
    *,
    samples: Path,
    out: Path,
    levels: tuple[Level, ...],
    no_evidence: bool,
    **options: Any,
) -> None:
    """Compare the quantified batches of the sample sheet SAMPLES.

    SAMPLES is a TSV or CSV with the columns sample, batch and quant: a file of
    RSEM, salmon or kallisto, the folder that one of them wrote, an RSEM prefix,
    or a TPM matrix. Expression, correlations, evidence and figures are written below
    --out.

    Example: lotwise compare samples.tsv --tx2gene gencode.gtf.gz --out results
    """
    from lotwise.results import ResultTree, compare

    if no_evidence:
        options["statistics"] = ()
    compare(
        samples,
        ResultTree(out),
        levels=levels,
        expression=pick(ExpressionConfig, options),
        correlation=pick(CorrelationConfig, options),
        figures=pick(FiguresConfig, options),
        evidence=pick(EvidenceConfig, options),
    )
    click.echo(f"written to {out}", err=True)
