"""What the configuration says about the evidence beside R, and the names of what it makes.

Light on purpose (pydantic only): every cluster job reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lotwise.keys import LEVELS, Level

Statistic = Literal[
    "libraries",
    "identity",
    "components",
    "sensitivity",
    "agreement",
    "intervals",
    "ceilings",
    "detectable",
    "batches",
    "reference",
    "equivalence",
    "signal",
    "gene_sets",
    "isoform_usage",
]
STATISTICS: Final[tuple[Statistic, ...]] = get_args(Statistic)
EquivalenceMethod = Literal["welch", "deseq2"]
GeneSetCorrelation = Literal["preset", "replicates"]

_Share = Annotated[float, Field(gt=0, lt=1)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Outputs(NamedTuple):
    """The tables and figures of one statistic, and the levels at which it is defined."""

    tables: tuple[str, ...]
    figures: tuple[str, ...] = ()
    levels: tuple[Level, ...] = LEVELS


OUTPUTS: Final[dict[Statistic, Outputs]] = {
    "libraries": Outputs(("libraries",)),
    "identity": Outputs(("identity", "sex"), levels=("gene",)),
    "components": Outputs(("components", "clustering"), ("components",)),
    "sensitivity": Outputs(("sensitivity",), ("sensitivity",)),
    "agreement": Outputs(("agreement",), ("mean_difference",)),
    "intervals": Outputs(("intervals",)),
    "ceilings": Outputs(("ceilings",)),
    "detectable": Outputs(("detectable", "unseen"), ("detectable",)),
    "batches": Outputs(("batches",), ("batches",)),
    "reference": Outputs(("reference",)),
    "equivalence": Outputs(("equivalence",)),
    "signal": Outputs(("signal",)),
    "gene_sets": Outputs(("gene_sets",), levels=("gene",)),
    "isoform_usage": Outputs(
        ("isoform_usage", "uncertainty_strata", "isoform_shares"),
        ("isoform_switches",),
        levels=("isoform",),
    ),
}


class EvidenceConfig(BaseModel):
    """What stands beside R."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statistics: tuple[Statistic, ...] = Field(
        default=STATISTICS,
        description="which to compute; take a name out to switch it off, [] for no statistic",
        json_schema_extra={"option": "--statistic"},
    )
    seed: int = Field(default=0, ge=0, description="of all random numbers")
    panels: tuple[str, ...] = Field(
        default=("sex",),
        description="panels of markers: sex, msc_identity, residual_pluripotency, your own by YAML "
        "file, [] for no panel",
        json_schema_extra={"option": "--panel"},
    )
    gene_sets: Path | None = Field(default=None, description="GMT file of gene sets to test")
    gene_set_correlation: GeneSetCorrelation = Field(
        default="replicates",
        description="of genes of a set: replicates (estimated within batches) or preset (0.01)",
    )
    blocks: Path | None = Field(
        default=None,
        description="GTF or GMT: genes resampled together; null resamples single genes",
    )
    neighbourhood: int = Field(
        default=1_000_000, ge=1, description="bases of a block, where blocks come from a GTF"
    )
    n_resamples: int = Field(default=2000, ge=2, description="resamples of an interval of R")
    coverage: _Share = Field(default=0.95, description="of intervals and limits, in (0, 1)")
    passing: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="R that passes, for what it would not see; null takes each pair's own",
    )
    reference_set: Path | None = Field(
        default=None,
        description="h5ad of earlier batches to hold these against; see lotwise reference",
    )
    equivalence_method: EquivalenceMethod = Field(
        default="welch",
        description="welch (t of log2(TPM + c)) or deseq2 (counts, by PyDESeq2: lotwise[de])",
    )
    margin: _Positive = Field(
        default=1.0, description="largest log2 difference between batches that does not matter"
    )
    alpha: _Share = Field(default=0.05, description="rate of false calls of equivalence, in (0, 1)")
    shallow_below: _Share = Field(
        default=0.1, description="share of the median depth below which a library is shallow"
    )
    outlier_below: float | None = Field(
        default=None,
        lt=0,
        allow_inf_nan=False,
        description="outlier score below which a sample is an outlier; null flags at most 5 % of "
        "sound runs",
    )
    grouping: str = Field(
        default="condition",
        min_length=1,
        description="column of the sample sheet that names groups",
    )
    n_usage: int = Field(
        default=500, ge=1, description="genes listed a pair by change of isoform usage"
    )
    n_named: int = Field(default=10, ge=0, description="features named in a figure of differences")

    @field_validator("panels")
    @classmethod
    def _panels_have_names_of_their_own(cls, panels: tuple[str, ...]) -> tuple[str, ...]:
        names = [name_of_panel(panel) for panel in panels]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            msg = f"two panels are called {twice!r}, and their figures would be one file"
            raise ValueError(msg)
        return panels


def name_of_panel(panel: str) -> str:
    """Give the name that a panel's figure bears: its own, or that of its file.

    Examples
    --------
    >>> name_of_panel("sex"), name_of_panel("mine/liver.yaml")
    ('sex', 'liver')
    """
    return Path(panel).stem if panel.endswith((".yaml", ".yml")) else Path(panel).name


def statistics_of(config: EvidenceConfig, level: Level) -> tuple[Statistic, ...]:
    """Give the statistics that are switched on and defined at a level, in the order computed."""
    return tuple(
        name for name in STATISTICS if name in config.statistics and level in OUTPUTS[name].levels
    )


def tables_of(config: EvidenceConfig, level: Level) -> tuple[str, ...]:
    """Name the tables that a level's evidence is made of.

    Examples
    --------
    >>> tables_of(EvidenceConfig(statistics=("batches", "identity")), "gene")
    ('identity', 'sex', 'batches')
    """
    return tuple(table for name in statistics_of(config, level) for table in OUTPUTS[name].tables)


def figures_of(config: EvidenceConfig, level: Level) -> tuple[str, ...]:
    """Name the figures that are drawn of a level's evidence.

    Examples
    --------
    >>> figures_of(EvidenceConfig(statistics=("identity",), panels=("sex",)), "gene")
    ('identity_sex',)
    """
    return tuple(_figures(config, level))


def _figures(config: EvidenceConfig, level: Level) -> Iterator[str]:
    for name in statistics_of(config, level):
        yield from OUTPUTS[name].figures
        if name == "identity":
            yield from (f"identity_{name_of_panel(panel)}" for panel in config.panels)
