"""Records of the donors of samples by genotype, from the reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise import keys
from lotwise.evidence.columns import REASON, OfPair
from lotwise.evidence.sections import GENOTYPE
from lotwise.evidence.statistic import Figure, OptionalInput, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class GenotypeRecord(OfPair):
    """Agreement of the genotypes of two samples."""

    table: ClassVar[str] = "genotype"
    same_donor: str = column(
        "whether both samples are of one donor: yes, no, or why this is not known",
        heading="one donor",
        answers=("yes", "no"),
    )
    n_informative: int = column(
        "sites that are called in both samples and vary among all samples of this run",
        heading="sites that vary",
    )
    informative_concordance: float = column(
        "share of these sites at which both samples have the same genotype, in [0, 1]; NaN "
        "without sites",
        heading="concordance there",
        display="percent",
    )
    n_sites: int = column(
        "sites that are called in both samples and where any sample has the alternative allele",
        heading="sites",
    )
    concordance: float = column(
        "share of these sites at which both samples have the same genotype, in [0, 1]; NaN "
        "without sites",
        heading="concordance",
        display="percent",
    )
    n_bases: int = column("places with enough bases in both samples", heading="bases covered")
    n_genes: int = column("genes with such a place", heading="genes")
    n_discordant_genes: int = column("genes where a genotype differs", heading="genes that differ")
    log10_ratio: float = column(
        "log10 of the likelihood of one donor over that of two unrelated donors",
        heading="log10 ratio to unrelated",
    )
    log10_ratio_siblings: float = column(
        "log10 of the likelihood of one donor over that of two siblings",
        heading="log10 ratio to siblings",
    )
    reason: str = column(REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class DonorRecord(Record):
    """Donor of a sample by its genotype, and whether the sample contains cells of another."""

    table: ClassVar[str] = "donors"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    donor: str = column("donor, where the sample sheet has one", heading="donor")
    found: str = column(
        "number of the donor found by genotype, from 1 in the order of the samples; empty where "
        "not assessable",
        heading="by genotype",
    )
    agrees: str = column(
        "whether the donor found is that of the sample sheet: yes, no, or why this is not known; "
        "if the sheet gives no donor, that of the other samples of the batch is used",
        heading="agrees",
        answers=("yes", "no"),
    )
    exchanged_with: str = column("samples it was exchanged with", heading="exchanged with")
    mixed: str = column(
        "whether the sample contains cells of a second donor: yes, no, or why this is not known",
        heading="mixed",
        answers=("yes", "no"),
    )
    share: float = column(
        "estimated share of the second donor; 0 if there is no second donor, NaN if not assessable",
        heading="share",
        display="percent",
    )
    second_donor: str = column("the second donor", heading="second donor")
    n_bases: int = column("places with enough bases", heading="bases covered")
    n_fragments: int = column("fragments examined", heading="fragments")
    n_placed: int = column("number of examined fragments placed on a transcript", heading="placed")
    reason: str = column("what is unusual about the sample; empty if nothing is", heading="reason")


STATISTIC: Final = Statistic(
    name="genotype",
    summary="donors distinguished by genotype: swapped and mixed samples",
    tables=(
        Table(record=DonorRecord, caption="Donor of each sample by genotype"),
        Table(
            record=GenotypeRecord,
            caption="Pairs of samples by genotype",
            by=("log10_ratio",),
        ),
    ),
    figures=(
        Figure(
            name="genotype",
            draw=call("lotwise.pl:genotype", "tables.genotype", donors="tables.donors"),
            caption="Concordance of genotypes. Samples are in the order of the donors found.",
        ),
    ),
    design=(keys.DONOR,),
    compute=call("lotwise.tl:genotype", "expression", alleles="evidence.genotypes"),
    inputs=(OptionalInput(option="genotypes", role="allele counts"),),
    needs="genotypes",
    section=GENOTYPE,
    page="methods/genotype.md",
    levels=("gene",),
    place=125,
)
