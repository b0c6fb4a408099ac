"""Every path of the result tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.config import EvidenceConfig, figures_of, tables_of
from lotwise.keys import Level

FIGURES: Final[dict[Level, str]] = {
    "gene": "extended_data_fig1_gene",
    "isoform": "extended_data_fig2_isoform",
}


@dataclass(frozen=True, slots=True)
class ResultTree:
    """The paths of a run's results."""

    root: Path

    @property
    def samples(self) -> Path:
        """What was compared, and where each sample came from."""
        return self.root / "samples.tsv"

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
        """Folder of the evidence that stands beside R."""
        return self.root / "evidence"

    @property
    def figures(self) -> Path:
        """Folder of the figures."""
        return self.root / "figures"

    def h5ad(self, level: Level) -> Path:
        """Give the expression at one level."""
        return self.expression / f"{level}.h5ad"

    def table(self, level: Level, name: str) -> Path:
        """Give a table of correlations at one level."""
        return self.correlation / f"{level}.{name}.tsv"

    def evidence_table(self, level: Level, name: str) -> Path:
        """Give a table of evidence at one level."""
        return self.evidence / f"{level}.{name}.tsv"

    def figure(self, level: Level, name: str = "") -> Path:
        """Give a figure's path without its suffix; without ``name``, the paper's figure."""
        return self.figures / (f"{level}_{name}" if name else FIGURES[level])

    def forget(self, level: Level) -> None:
        """Remove what an earlier run left at a level that this run does not have."""
        for folder, pattern in (
            (self.expression, f"{level}.*"),
            (self.correlation, f"{level}.*.tsv"),
            (self.evidence, f"{level}.*.tsv"),
            (self.figures, f"{level}_*"),
            (self.figures, f"{FIGURES[level]}.*"),
        ):
            for stale in folder.glob(pattern):
                stale.unlink()

    def forget_evidence(self, level: Level, config: EvidenceConfig, formats: Sequence[str]) -> None:
        """Remove tables and figures of evidence that were asked for earlier and are no longer."""
        tables = {self.evidence_table(level, name) for name in tables_of(config, level)}
        figures = {
            self.figures / f"{level}_{name}.{suffix}"
            for name in figures_of(config, level)
            for suffix in formats
        }
        for stale in {*self.evidence.glob(f"{level}.*.tsv")} - tables:
            stale.unlink()
        for stale in {*self.figures.glob(f"{level}_*")} - figures:
            if not stale.name.startswith(f"{level}_heatmap_"):
                stale.unlink()
