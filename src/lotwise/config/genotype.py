"""The configuration of the comparison of donors by genotype."""

from __future__ import annotations

from pydantic import Field

from lotwise.config.section import Section


class GenotypeConfig(Section):
    """Identity of donors by genotype, for source: reads."""

    compare: bool = Field(
        default=True,
        description="compare donors by genotype; this reads the FASTQ files once more",
    )
    fragments: int = Field(
        default=2_000_000,
        ge=1_000,
        description="approximate number of fragments per sample, drawn at random",
    )
    min_depth: int = Field(
        default=15, ge=10, le=1_000, description="minimum number of bases for a genotype"
    )
    seed: int = Field(default=0, ge=0, description="random seed for the choice of fragments")
