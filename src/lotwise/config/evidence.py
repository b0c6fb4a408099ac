"""The configuration of the supporting evidence, and the names of its tables and figures.

Imports pydantic only: every cluster job reads the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from lotwise.config.section import Section
from lotwise.evidence.catalogue import optional, tables
from lotwise.evidence.libraries import SHALLOW_BELOW
from lotwise.evidence.statistic import Figure, OptionalInput, Statistic
from lotwise.keys import Level

EquivalenceMethod = Literal["moderated", "welch", "deseq2"]
GeneSetCorrelation = Literal["preset", "replicates"]

_Share = Annotated[float, Field(gt=0, lt=1)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _known(name: str) -> str:
    """Raise an error if no statistic has this name."""
    names = names_of_statistics()
    if name not in names:
        choices = f"{', '.join(map(repr, names[:-1]))} or {names[-1]!r}"
        raise PydanticCustomError("statistic", "Input should be {choices}", {"choices": choices})
    return name


def names_of_statistics() -> tuple[str, ...]:
    """Return the names of the optional statistics, in catalogue order."""
    return tuple(one.name for one in optional())


class EvidenceConfig(Section):
    """Supporting evidence for R."""

    headings: ClassVar[dict[str, tuple[str, ...]]] = {
        "Evidence, what is computed": (
            "statistics",
            "panels",
            "grouping",
            "gene_sets",
            "gene_set_correlation",
            "spike_ins",
            "passing",
            "n_usage",
            "n_named",
            "seed",
        ),
        "Evidence, comparison with other files": ("reference_set", "attributes", "genotypes"),
        "Evidence, equivalence": ("margin", "batch_margin", "alpha", "equivalence_method"),
        "Evidence, intervals of R": ("coverage", "n_resamples", "blocks", "neighbourhood"),
        "Evidence, samples in doubt": ("shallow_below", "outlier_below"),
    }

    statistics: tuple[Annotated[str, AfterValidator(_known)], ...] = Field(
        default_factory=names_of_statistics,
        description="statistics to compute; []: none",
        json_schema_extra={"option": "--statistic"},
    )
    seed: int = Field(default=0, ge=0, description="random seed")
    panels: tuple[str, ...] = Field(
        default=("sex",),
        description="marker panels: sex, msc_identity, residual_pluripotency, or your own YAML "
        "file; []: none",
        json_schema_extra={"option": "--panel"},
    )
    gene_sets: Path | None = Field(default=None, description="GMT file of gene sets to test")
    gene_set_correlation: GeneSetCorrelation = Field(
        default="replicates",
        description="correlation between genes of a set: replicates (estimated from "
        "replicates) or preset (0.01)",
    )
    genotypes: Path | None = Field(
        default=None,
        description="file of allele counts, written by `lotwise genotype`; null: counted "
        "in the reads, if source is reads",
    )
    blocks: Path | None = Field(
        default=None,
        description="GTF or GMT: genes that are resampled together; null: resample single genes",
    )
    neighbourhood: int = Field(
        default=1_000_000,
        ge=1,
        description="length of a block in bases, if the blocks come from a GTF",
    )
    n_resamples: int = Field(
        default=2000, ge=2, description="number of resamples for an interval of R"
    )
    coverage: _Share = Field(
        default=0.95, description="coverage of intervals and limits, in (0, 1)"
    )
    passing: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="detectable change: the largest change that leaves R at or above this value is "
        "reported; null: the observed R of each pair",
    )
    reference_set: Path | None = Field(
        default=None,
        description="file of accepted batches to compare with (h5ad); see lotwise accepted",
    )
    equivalence_method: EquivalenceMethod = Field(
        default="moderated",
        description="test of each feature: moderated or welch (t of log2 TPM), or deseq2 "
        "(counts; needs lotwise[de])",
    )
    margin: _Positive = Field(
        default=1.0,
        description="equivalence margin: largest acceptable log2 difference between batches",
    )
    batch_margin: _Positive | Literal["accepted"] | None = Field(
        default=None,
        description="equivalence margin of (1 - R between batches) - (1 - R within batches); "
        "accepted: use the upper tolerance limit of reference_set; null: no margin, nothing is "
        "assessed",
    )
    attributes: Path | None = Field(
        default=None,
        description="YAML of attributes to compare before and after a process change; requires "
        "the column phase",
    )
    alpha: _Share = Field(
        default=0.05, description="error rate of a claim of equivalence, in (0, 1)"
    )
    shallow_below: _Share = Field(
        default=SHALLOW_BELOW,
        description="fraction of the median depth below which a library is shallow",
    )
    outlier_below: float | None = Field(
        default=None,
        lt=0,
        allow_inf_nan=False,
        description="outlier score below which a sample is flagged; null: computed, so that "
        "at most 5 % of the runs without an outlier have a flagged sample",
    )
    spike_ins: tuple[Annotated[str, Field(min_length=2)], ...] = Field(
        default=("ERCC-", "SIRV"),
        description="prefixes of spike-in names; spike-ins are used to detect global changes "
        "of expression",
        json_schema_extra={"option": "--spike-in"},
    )
    grouping: str = Field(
        default="condition",
        min_length=1,
        description="column of the sample sheet that contains the groups",
    )
    n_usage: int = Field(
        default=500,
        ge=1,
        description="number of genes listed per pair: those with the largest change of isoform "
        "usage",
    )
    n_named: int = Field(
        default=10, ge=0, description="number of features labelled in a figure of differences"
    )

    @field_validator("panels")
    @classmethod
    def _panels_have_names_of_their_own(cls, panels: tuple[str, ...]) -> tuple[str, ...]:
        names = [name_of_panel(panel) for panel in panels]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            msg = f"two panels are named {twice!r}, so their figures would have the same file name"
            raise ValueError(msg)
        return panels


def name_of_panel(panel: str) -> str:
    """Return the name of a panel in figure names: its own, or that of its file.

    Examples
    --------
    >>> name_of_panel("sex"), name_of_panel("mine/liver.yaml")
    ('sex', 'liver')
    """
    return Path(panel).stem if panel.endswith((".yaml", ".yml")) else Path(panel).name


def statistics_of(config: EvidenceConfig, level: Level) -> tuple[Statistic, ...]:
    """Return the chosen statistics that are defined at a level, in order of computation."""
    return tuple(one for one in _switched_on(config) if level in one.levels)


def _switched_on(config: EvidenceConfig) -> Iterator[Statistic]:
    """Yield the statistics that the configuration names and gives what they need."""
    for one in optional():
        lacks = bool(one.needs) and getattr(config, one.needs) is None
        if one.name in config.statistics and not lacks:
            yield one


def tables_of(config: EvidenceConfig, level: Level) -> tuple[str, ...]:
    """Return the names of the tables of a level's evidence.

    Examples
    --------
    >>> tables_of(EvidenceConfig(statistics=("batches", "identity")), "gene")
    ('identity', 'sex', 'batches')
    """
    names = {one.name for one in statistics_of(config, level)}
    return tuple(name for name, table in tables().items() if table.statistic.name in names)


def figures_of(config: EvidenceConfig, level: Level) -> tuple[str, ...]:
    """Return the names of the figures of a level's evidence.

    Examples
    --------
    >>> figures_of(EvidenceConfig(statistics=("identity",), panels=("sex",)), "gene")
    ('identity_sex',)
    """
    return tuple(name for name, _, _ in drawn_of(config, level))


def drawn_of(config: EvidenceConfig, level: Level) -> Iterator[tuple[str, Figure, str]]:
    """Yield each figure's name, its declaration and the value it is drawn for, if there is one."""
    for statistic in statistics_of(config, level):
        for figure in statistic.figures:
            for value in getattr(config, figure.each) if figure.each else ("",):
                yield figure.name.format(name_of_panel(value)), figure, value


def inputs_of(config: EvidenceConfig) -> Iterator[tuple[Path, OptionalInput]]:
    """Yield the files, besides the expression, that the chosen statistics read.

    Examples
    --------
    >>> config = EvidenceConfig(panels=("sex", "mine/liver.yaml"))
    >>> [(str(path), given.role) for path, given in inputs_of(config)]
    [('mine/liver.yaml', 'panel')]
    """
    for statistic in _switched_on(config):
        for given in statistic.inputs:
            named = getattr(config, given.option)
            for value in named if isinstance(named, tuple) else (named,):
                if value is not None and value not in given.shipped:
                    yield Path(value), given
