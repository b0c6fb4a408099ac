"""What the configuration says about telling donors apart by genotype."""

from __future__ import annotations

from pydantic import Field

from lotwise.config.section import Section


class GenotypeConfig(Section):
    """How samples are told apart by genotype, with source: reads."""

    compare: bool = Field(
        default=True, description="whether donors are compared by genotype; reads them once more"
    )
    fragments: int = Field(
        default=2_000_000,
        ge=1_000,
        description="fragments of each sample that are looked at, drawn at random; about",
    )
    min_depth: int = Field(
        default=15, ge=10, le=1_000, description="bases from which a genotype is called"
    )
    seed: int = Field(default=0, ge=0, description="random seed of the fragments")
