"""One comparison in memory: expression, correlations and evidence, ready to be written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lotwise import keys
from lotwise.acceptance import Verdict
from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig, FiguresConfig
from lotwise.errors import InputError
from lotwise.expression.features import features_of
from lotwise.expression.given import listed_samples
from lotwise.expression.labels import batches_of, samples_of
from lotwise.keys import LEVELS, Level
from lotwise.progress import step
from lotwise.samples import Sample, require_batches
from lotwise.wording import counted, listed

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from lotwise.expression import Quantification

CORRELATED: Final = ("pairs", "replicate_qc", "contributions", "batch_pairs")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Comparison:
    """Samples compared at each level that they have.

    Attributes
    ----------
    expression
        The annotated AnnData of each level: correlations in ``obsp``, tables for
        :mod:`lotwise.get`.
    tables
        The tables of each level by name, of correlations and evidence.
    correlation, evidence
        The settings of the computation.
    samples
        The samples compared.
    sheet
        The sample sheet from which they were read; None if they were not read from a sheet.
    """

    expression: Mapping[Level, AnnData]
    tables: Mapping[Level, Mapping[str, pd.DataFrame]]
    correlation: CorrelationConfig = field(default_factory=CorrelationConfig)
    evidence: EvidenceConfig = field(default_factory=EvidenceConfig)
    samples: Sequence[Sample] = ()
    sheet: Path | None = None

    def __repr__(self) -> str:
        """Return samples, batches and names of tables; the tables themselves are long."""
        lines = ["Comparison"]
        for level, expression in self.expression.items():
            batches = list(dict.fromkeys(batches_of(expression)))
            n_samples = counted(expression.n_obs, "sample")
            n_features = f"{expression.n_vars:,} {features_of(expression)}"
            n_batches = counted(len(batches), "batch", "batches")
            lines.append(f"{level}: {n_samples}, {n_features}, {n_batches} ({listed(batches)})")
            lines.append(f"  tables: {', '.join(self.tables[level])}")
        return "\n".join(lines)

    @property
    def gene(self) -> AnnData | None:
        """Annotated samples x genes; None if the input has no genes."""
        return self.expression.get("gene")

    @property
    def isoform(self) -> AnnData | None:
        """Annotated samples x isoforms; None if the input has no isoforms."""
        return self.expression.get("isoform")

    def write(
        self,
        folder: Path | str,
        *,
        figures: FiguresConfig | None = None,
        criteria: Path | str | None = None,
    ) -> Verdict | None:
        """Write samples, expression, tables, figures and, with criteria, the verdict.

        The record, the workbook and the report are not written: `lotwise compare` also writes
        these, and `lotwise report --out FOLDER` writes the report of this folder. Those of an
        earlier run are removed from the folder.

        Parameters
        ----------
        folder
            Folder to write to; the names of the files are those of `lotwise compare`.
        figures
            Settings of the figures.
        criteria
            A file of acceptance criteria, or the name of built-in ones.

        Returns
        -------
        The verdict; None without criteria.

        Raises
        ------
        InputError
            The folder cannot be written, it has a sample sheet but no results, or the criteria
            cannot be read.
        EnvironmentFault
            The disk is full.
        """
        from lotwise.acceptance import (
            read_criteria,
            register_criteria,
            write_verdict,
        )
        from lotwise.run.processes import Beside
        from lotwise.run.steps import forget_run, write_comparison, write_sheet
        from lotwise.tree import CRITERIA, VERDICT, WORKBOOK, ResultTree

        tree = ResultTree(Path(folder))
        if self.sheet is None and tree.samples.exists() and not tree.expression.exists():
            raise InputError(
                "this folder has a sample sheet, but no results; the sheet would be overwritten",
                path=tree.samples,
                remedy="choose another folder",
            )
        given = None if criteria is None else read_criteria(criteria)
        if given is not None:
            register_criteria(tree.root, given)
        forget_run(tree.root, WORKBOOK, again=() if given is None else (VERDICT, CRITERIA))
        with write_sheet(self.samples, tree, given=self.sheet), Beside() as beside:
            write_comparison(self, tree, figures or FiguresConfig(), beside)
        return None if given is None else write_verdict(tree.root, given)


def compare(
    samples: Path | str | Sequence[Sample] | Quantification,
    *,
    levels: Sequence[Level] | None = None,
    expression: ExpressionConfig | None = None,
    correlation: CorrelationConfig | None = None,
    evidence: EvidenceConfig | None = None,
    with_scanpy: bool = True,
) -> Comparison:
    """Read samples, correlate them and compute all evidence, in memory.

    Parameters
    ----------
    samples
        A sample sheet, or samples; or the result of :func:`lotwise.read_quant` or
        :func:`lotwise.from_frame`, which excludes ``expression``.
    levels
        Levels that are required; by default those of the input.
    expression, correlation, evidence
        Sections of the configuration; by default as in ``lotwise compare``.
    with_scanpy
        Keep results of scanpy in its own keys too, so that its plots work at once. The files do
        not hold them.

    Returns
    -------
    The annotated expression and all tables; nothing is written
    (:meth:`lotwise.run.comparison.Comparison.write`).

    Raises
    ------
    InputError
        The sheet or a quantification is invalid, a level is not available, or there is one batch.

    Examples
    --------
    >>> import lotwise
    >>> from lotwise.config import EvidenceConfig
    >>> compared = lotwise.compare(
    ...     lotwise.datasets.three_batches(), evidence=EvidenceConfig(statistics=("batches",)))
    >>> lotwise.get.pairs(compared.gene, feature_set="all")["n_features"].tolist()
    [300, 300, 300]
    >>> sorted(compared.tables["gene"])
    ['batch_pairs', 'batches', 'contributions', 'pairs', 'replicate_qc']
    >>> compared
    Comparison
    gene: 3 samples, 300 genes, 3 batches (lot1, lot2, lot3)
      tables: pairs, replicate_qc, contributions, batch_pairs, batches
    isoform: 3 samples, 600 isoforms, 3 batches (lot1, lot2, lot3)
      tables: pairs, replicate_qc, contributions, batch_pairs, batches
    """
    from lotwise.expression import Quantification
    from lotwise.run.evidence import gather_evidence

    correlation, evidence = correlation or CorrelationConfig(), evidence or EvidenceConfig()
    named = Path(samples) if isinstance(samples, Path | str) else None
    if isinstance(samples, Quantification):
        if expression is not None:
            raise InputError(
                "'expression' sets how files are read, but these samples are already read",
                remedy="omit 'expression', or give a sample sheet",
            )
        found = _levels_of(samples, None, levels)
        compared = samples_of(next(iter(found.values())))
    else:
        compared = listed_samples(samples)
        require_batches(compared, named)
        found = read_expression(
            compared, expression or ExpressionConfig(), levels=levels, sheet=named
        )
    tables = {}
    for level, of_level in found.items():
        with step(f"{level} level, correlations"):
            tables[level] = correlate(of_level, correlation)
        tables[level] |= gather_evidence(of_level, evidence, correlation, with_scanpy=with_scanpy)
    return Comparison(
        expression=found,
        tables=tables,
        correlation=correlation,
        evidence=evidence,
        samples=compared,
        sheet=named,
    )


def read_expression(
    samples: Sequence[Sample],
    config: ExpressionConfig,
    *,
    levels: Sequence[Level] | None = None,
    sheet: Path | None = None,
) -> dict[Level, AnnData]:
    """Read the quantifications of samples.

    Parameters
    ----------
    samples
        The samples.
    config
        Settings for reading.
    levels
        Levels that are required; by default those of the input.
    sheet
        The sample sheet, for messages.

    Raises
    ------
    InputError
        A quantification is invalid, or a required level is not available.
    """
    from lotwise.expression import read_quant

    read = read_quant(
        samples,
        tx2gene=config.tx2gene,
        min_shared=config.min_shared,
        tpm_sum=config.tpm_sum,
        matrix_level=config.matrix_level,
        bootstraps=config.bootstraps,
    )
    return _levels_of(read, sheet, levels)


def correlate(
    expression: AnnData,
    config: CorrelationConfig,
    *,
    path: Path | None = None,
    only: Collection[str] = CORRELATED,
) -> dict[str, pd.DataFrame]:
    """Correlate the samples of one level, and its batches with their replicates averaged.

    Parameters
    ----------
    expression
        Samples x features of one level; it is annotated.
    config
        What to compute, and how.
    path
        Path from which ``expression`` was read, for messages.
    only
        Names of the tables to compute.

    Returns
    -------
    The tables by name.

    Raises
    ------
    InputError
        There is one batch.
    """
    from lotwise import get, pp, tl

    if expression.obs[keys.BATCH].nunique() < 2:
        raise InputError(
            f"has samples of only one batch (samples: {expression.n_obs}), but a comparison "
            "needs 2 or more batches",
            path=path,
            remedy="add the samples of the other batches; `lotwise accepted compare` compares "
            "a single new batch with a reference set",
        )

    def pairs_of(samples: AnnData) -> pd.DataFrame:
        tl.choose_pairs(samples, most_pairs=config.most_pairs, pseudocount=config.pseudocount)
        tl.correlate(
            samples,
            pseudocount=config.pseudocount,
            threshold=config.threshold,
            min_counts=config.min_counts,
        )
        return get.evidence(samples, keys.PAIRS)

    found: dict[str, pd.DataFrame] = {}
    if "pairs" in only:
        found["pairs"] = pairs_of(expression)
    if "replicate_qc" in only:
        tl.replicate_qc(expression, threshold=config.threshold)
        found["replicate_qc"] = get.replicate_qc(expression)
    if "contributions" in only:
        tl.contributions(
            expression, n_largest=config.n_contributions, pseudocount=config.pseudocount
        )
        found["contributions"] = get.contributions(expression)
    if "batch_pairs" in only:
        found["batch_pairs"] = pairs_of(pp.average_replicates(expression))
    return found


def _levels_of(
    read: Quantification, sheet: Path | None, levels: Sequence[Level] | None
) -> dict[Level, AnnData]:
    found: dict[Level, AnnData] = {
        level: of_level
        for level, of_level in zip(LEVELS, (read.gene, read.isoform), strict=True)
        if of_level is not None
    }
    for level in levels or ():
        if level not in found:
            raise InputError(
                f"these quantifications have no {level} level",
                path=sheet,
                remedy=(
                    "give the transcript-to-gene map (tx2gene)"
                    if level == "gene"
                    else "give values of isoforms, or request only the gene level (levels)"
                ),
            )
    return {level: of_level for level, of_level in found.items() if not levels or level in levels}
