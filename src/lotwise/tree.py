"""All paths of the result tree, and the versions of its parts.

Imports little: the workflow reads it in every job. A wildcard such as ``{level}`` may replace a
level. ``ResultTree(Path())`` gives paths relative to the results folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.evidence.catalogue import tables
from lotwise.files.written import add_removed

# Files at the root of the results.
SAMPLES: Final = "samples.tsv"
FETCHED: Final = "fetched.tsv"
INTAKE: Final = "intake.tsv"
STRANDEDNESS: Final = "strandedness.tsv"
YIELD: Final = "yield.tsv"
VERIFICATION: Final = "verification.tsv"
VERDICT: Final = "verdict.json"
CRITERIA: Final = "verdict.tsv"
HISTORY: Final = "verdict_history.jsonl"
COPY: Final = "verdict_criteria.yaml"
WORKBOOK: Final = "tables.xlsx"
PROVENANCE: Final = "provenance.json"
CRATE: Final = "ro-crate-metadata.json"
PAGE: Final = "report.html"
CERTIFICATE: Final = "certificate.html"
TITRATION: Final = "titration.tsv"
TITRATION_CURVE: Final = "titration_curve.tsv"
TITRATION_FORMATS: Final = ("pdf", "png")

# Version of each part of the output that takes hours to make: raise it if the same input gives a
# different file. One version of all would read all FASTQ again because a figure changed.
FETCHED_VERSION: Final = 1
"""Version of the reference that `lotwise fetch` writes."""
CHECKED_VERSION: Final = 1
"""Version of ``intake/SAMPLE.tsv``."""
GENOTYPED_VERSION: Final = 1
"""Version of ``genotype/``, the bases counted in the reads of each sample."""
QUANTIFIED_VERSION: Final = 1
"""Version of the indexes, the quantifier's commands and the files kept with its output."""

PAPER_FIGURES: Final = {
    "gene": "extended_data_fig1_gene",
    "isoform": "extended_data_fig2_isoform",
}
"""Name of the scatter matrix of each level; it contains the number of the paper's figure."""
HEATMAPS: Final = ("heatmap_given", "heatmap_clustered")
MATRICES: Final = ("pearson", "spearman")


def halves_of(quantification: Path) -> Path:
    """Return the file beside the folder of a quantification with TPM of parts of its reads.

    Examples
    --------
    >>> halves_of(Path("quant/kallisto/S1")).name
    'S1.halves.parquet'
    """
    folder = quantification if quantification.name not in {"", ".."} else quantification.resolve()
    return Path(f"{folder}.halves.parquet")


@dataclass(frozen=True, slots=True)
class ResultTree:
    """The paths of the results of a run.

    Examples
    --------
    >>> tree = ResultTree(Path())
    >>> tree.table("gene", "pairs").as_posix(), tree.table("{level}", "batches").as_posix()
    ('correlation/gene.pairs.tsv', 'evidence/{level}.batches.tsv')
    """

    root: Path

    @property
    def samples(self) -> Path:
        """Sheet of the compared samples, with the source of each."""
        return self.root / SAMPLES

    @property
    def expression(self) -> Path:
        """Folder of the expression at each level."""
        return self.root / "expression"

    @property
    def correlation(self) -> Path:
        """Folder of the correlations."""
        return self.root / "correlation"

    @property
    def evidence(self) -> Path:
        """Folder of the supporting evidence."""
        return self.root / "evidence"

    @property
    def figures(self) -> Path:
        """Folder of the figures."""
        return self.root / "figures"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Result folders that a step writes."""
        return (self.expression, self.correlation, self.evidence, self.figures)

    @property
    def alleles(self) -> Path:
        """Bases of all samples at the sites where they may differ."""
        return self.root / "genotype" / "alleles.npz"

    def pileup(self, sample: str) -> Path:
        """Return the bases counted in one sample."""
        return self.root / "genotype" / "samples" / f"{sample}.npz"

    @property
    def revisions(self) -> Path:
        """Folder of all revisions of the record."""
        return self.root / "revisions"

    @property
    def steps(self) -> Path:
        """Folder of the notes of each step."""
        return self.root / "logs" / "steps"

    @property
    def verification(self) -> Path:
        """Published and computed coefficients."""
        return self.root / VERIFICATION

    @property
    def verdict(self) -> Path:
        """The verdict."""
        return self.root / VERDICT

    @property
    def titration(self) -> Path:
        """The smallest fraction of a profile that each criterion detects."""
        return self.root / TITRATION

    @property
    def titration_curve(self) -> Path:
        """How often each criterion detects each fraction of the profile."""
        return self.root / TITRATION_CURVE

    @property
    def titration_figure(self) -> Path:
        """The figure of the titration, without suffix."""
        return self.figures / "titration"

    @property
    def titration_files(self) -> tuple[Path, ...]:
        """Everything that a titration writes."""
        drawn = drawn_as([self.titration_figure], TITRATION_FORMATS)
        return (self.titration, self.titration_curve, *drawn)

    @property
    def criteria(self) -> Path:
        """Each criterion with its outcome."""
        return self.root / CRITERIA

    @property
    def report(self) -> Path:
        """The report page."""
        return self.root / PAGE

    @property
    def certificate(self) -> Path:
        """The verdict on one to three printed pages."""
        return self.root / CERTIFICATE

    @property
    def workbook(self) -> Path:
        """Workbook of all tables."""
        return self.root / WORKBOOK

    @property
    def provenance(self) -> Path:
        """The record of the run."""
        return self.root / PROVENANCE

    @property
    def crate(self) -> Path:
        """The record as a Research Object Crate."""
        return self.root / CRATE

    def h5ad(self, level: str) -> Path:
        """Return the AnnData file of one level."""
        return self.expression / f"{level}.h5ad"

    def tpm(self, level: str) -> Path:
        """Return the TPM table of one level."""
        return self.expression / f"{level}.tpm.tsv.gz"

    def table(self, level: str, name: str) -> Path:
        """Return a table of the catalogue at one level."""
        table = tables()[name]
        return self.root / table.folder / f"{level}.{name}.{table.record.suffix}"

    def matrix(self, level: str, statistic: str) -> Path:
        """Return the square correlation table of one level."""
        return self.correlation / f"{level}.{statistic}.tsv"

    def figure(self, level: str, name: str) -> Path:
        """Return a figure of the evidence or a heatmap, without suffix."""
        return self.figures / f"{level}_{name}"

    def paper_figure(self, level: str) -> Path:
        """Return the scatter matrix in the style of the paper, without suffix."""
        return self.figures / PAPER_FIGURES[level]

    def figures_of_correlation(self, level: str) -> tuple[Path, ...]:
        """Return the scatter matrix in the style of the paper and the heatmaps, without suffix."""
        return (self.paper_figure(level), *(self.figure(level, name) for name in HEATMAPS))

    def tables_of_correlation(self, level: str) -> tuple[Path, ...]:
        """Return the tables that every run writes."""
        named = [name for name, table in tables().items() if table.folder == "correlation"]
        return (
            *(self.table(level, name) for name in named),
            *(self.matrix(level, name) for name in MATRICES),
        )

    def forget(self, level: str) -> None:
        """Remove the results of an earlier run at a level that this run does not have."""
        for folder in (self.expression, self.correlation, self.evidence):
            _remove(folder.glob(f"{level}.*"), but=())
        _remove(self._drawn(level), but=())

    def forget_correlation(self, level: str) -> None:
        """Remove correlation tables that this version does not write."""
        _remove(self.correlation.glob(f"{level}.*"), but=self.tables_of_correlation(level))

    def forget_figures(self, level: str, formats: Iterable[str]) -> None:
        """Remove correlation figures in formats that this run does not write."""
        stems = self.figures_of_correlation(level)
        _remove(
            (path for path in self._drawn(level) if path.with_suffix("") in stems),
            but=drawn_as(stems, formats),
        )

    def forget_evidence(self, level: str, names: Iterable[str]) -> None:
        """Remove evidence tables that this run does not write, in any format."""
        _remove(self.evidence.glob(f"{level}.*"), but=[self.table(level, name) for name in names])

    def forget_figures_of_evidence(
        self, level: str, figures: Iterable[str], formats: Iterable[str]
    ) -> None:
        """Remove evidence figures that this run does not write, in any format."""
        of_correlation = self.figures_of_correlation(level)
        _remove(
            (path for path in self._drawn(level) if path.with_suffix("") not in of_correlation),
            but=drawn_as([self.figure(level, name) for name in figures], formats),
        )

    def _drawn(self, level: str) -> list[Path]:
        """Return the existing figures of a level, of any run and format."""
        found = (*self.figures.glob(f"{level}_*"), *self.figures.glob(f"{PAPER_FIGURES[level]}.*"))
        return sorted(found)


def drawn_as(stems: Iterable[Path], formats: Iterable[str]) -> list[Path]:
    """Return the files of figures in each format.

    Examples
    --------
    >>> [path.name for path in drawn_as([Path("gene_batches")], ("pdf", "png"))]
    ['gene_batches.pdf', 'gene_batches.png']
    """
    suffixes = list(formats)
    return [stem.with_name(f"{stem.name}.{suffix}") for stem in stems for suffix in suffixes]


def _remove(found: Iterable[Path], *, but: Collection[Path]) -> None:
    for path in list(found):
        if path not in but:
            path.unlink()
            add_removed(path)
