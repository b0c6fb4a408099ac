"""The configuration of the quantification of reads, and what it needs of a machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from lotwise.config.genotype import GenotypeConfig
from lotwise.config.section import Section, Share
from lotwise.evidence.libraries import SHALLOW_BELOW
from lotwise.keys import Level

QuantifierName = Literal["kallisto", "salmon", "rsem"]
Aligner = Literal["bowtie", "bowtie2", "star"]

# Bytes of compressed reads that any quantifier processes per minute on four cores, with a margin:
# RSEM with bowtie2 needs an hour for 10 million pairs (1.2 GB), kallisto and salmon far less.
_BYTES_PER_MINUTE_RSEM: Final = 15_000_000
_BYTES_PER_MINUTE: Final = 100_000_000
_RSEM_BYTES_PER_BYTE: Final = 2


class Limits(Section):
    """Limits for checks after quantification."""

    smallest_share_used: Share = Field(
        default=0.1, description="minimum fraction of reads used; a lower fraction is refused"
    )
    smallest_reads_used: int = Field(
        default=1_000, ge=0, description="minimum number of reads used; fewer reads are refused"
    )
    smallest_complexity_ratio: Share = Field(
        default=0.4,
        description="minimum number of isoforms detected at equal depth, relative to the other "
        "samples' median; a sample with fewer is refused",
    )
    noted_complexity_ratio: Share = Field(
        default=0.7,
        description="number of isoforms detected at equal depth, relative to the other samples' "
        "median; a sample with fewer is marked as having low complexity",
    )
    smallest_depth_ratio: Share = Field(
        default=0.05,
        description="minimum depth relative to the other samples' median; a lower depth is refused",
    )
    noted_depth_ratio: Share = Field(
        default=SHALLOW_BELOW,
        description="depth relative to the other samples' median; a sample with a lower depth is "
        "marked as shallow",
    )


class ReadsConfig(Section):
    """Quantification of reads, for source: reads."""

    transcripts: Path | None = Field(
        default=None, description="FASTA of transcripts, plain or gzip; required"
    )
    quantifier: QuantifierName = Field(default="kallisto", description="kallisto, salmon or rsem")
    program: Path | None = Field(
        default=None, description="path of the quantifier; null: searched in PATH"
    )
    genome: Path | None = Field(
        default=None, description="genome FASTA: decoys for salmon, required by RSEM with STAR"
    )
    gtf: Path | None = Field(default=None, description="annotation; required by RSEM with STAR")
    aligner: Aligner = Field(
        default="bowtie2", description="aligner of RSEM: bowtie, bowtie2 or star"
    )
    bootstraps: int = Field(
        default=0, ge=0, description="number of bootstraps per sample, for kallisto or salmon"
    )
    halves: bool | None = Field(
        default=None,
        description="also quantify halves and quarters of the reads, in two more passes over the "
        "reads; the isoform ceiling uses the results; null: yes if the program is kallisto or "
        "salmon and isoforms are compared",
    )
    k: int | None = Field(
        default=None,
        ge=7,
        le=31,
        description="k-mer length of kallisto or salmon, odd; use a smaller one for short reads; "
        "null: 31",
    )
    extra: str = Field(
        default="",
        description="additional arguments of the quantifier, such as salmon's --gcBias",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="samples of the sheet to exclude from the comparison"
    )
    cache: Path | None = Field(
        default=None, description="folder of indexes; null: in the results folder"
    )
    threads: int = Field(default=4, ge=1, description="threads per quantifier")
    limits: Limits = Limits()
    genotype: GenotypeConfig = GenotypeConfig()

    def minutes_of(self, n_bytes: int) -> int:
        """Return the minutes that quantifying one sample may take.

        Parameters
        ----------
        n_bytes
            Compressed size of its reads.
        """
        if self.quantifier == "rsem":
            return 240 + n_bytes // _BYTES_PER_MINUTE_RSEM
        return 60 + n_bytes // _BYTES_PER_MINUTE

    def memory_of(self, n_bytes: int) -> int:
        """Return the memory, in megabytes, that quantifying one sample may need.

        RSEM keeps all alignments in memory, so that its need grows with the reads.
        """
        grows = self.quantifier == "rsem"
        return self.memory_mb + (_RSEM_BYTES_PER_BYTE * n_bytes // 10**6 if grows else 0)

    @property
    def memory_mb(self) -> int:
        """Memory, in megabytes, for quantifying a sample of few reads.

        STAR's manual gives ten bytes per base of the genome: about 30 GB for human. The same holds
        for salmon with the genome as decoys.
        """
        if self.quantifier == "rsem":
            return 40_000 if self.aligner == "star" else 8_000
        return 24_000 if self.quantifier == "salmon" and self.genome else 8_000

    @field_validator("aligner")
    @classmethod
    def _require_genome(cls, aligner: Aligner, info: ValidationInfo) -> Aligner:
        known = info.data
        given = known.get("genome") is not None and known.get("gtf") is not None
        if known.get("quantifier") == "rsem" and aligner == "star" and not given:
            words = "it requires a genome and a GTF (reads.genome, reads.gtf)"
            raise PydanticCustomError("star", words)
        return aligner

    @field_validator("k")
    @classmethod
    def _require_odd(cls, k: int | None, info: ValidationInfo) -> int | None:
        if k is not None and k % 2 == 0:
            words = "k must be odd: a k-mer of even length can be its own reverse complement"
            raise PydanticCustomError("odd", words)
        if k is not None and info.data.get("quantifier") == "rsem":
            words = "k-mers are not used by RSEM; write null, or use kallisto or salmon"
            raise PydanticCustomError("rsem", words)
        return k

    @field_validator("halves")
    @classmethod
    def _refuse_halves_of_rsem(cls, halves: bool | None, info: ValidationInfo) -> bool | None:
        if halves and info.data.get("quantifier") == "rsem":
            words = "RSEM is not run on halves; write null or false, or use kallisto or salmon"
            raise PydanticCustomError("rsem", words)
        return halves

    def quantifies_halves(self, levels: Iterable[Level]) -> bool:
        """Tell whether halves of the reads are quantified in a run of these levels."""
        if self.halves is not None:
            return self.halves
        return self.quantifier != "rsem" and "isoform" in levels

    @field_validator("bootstraps")
    @classmethod
    def _refuse_bootstraps_of_rsem(cls, bootstraps: int, info: ValidationInfo) -> int:
        if bootstraps and info.data.get("quantifier") == "rsem":
            words = "must be 0 for RSEM, which makes no bootstraps; or use kallisto or salmon"
            raise PydanticCustomError("rsem", words)
        return bootstraps
