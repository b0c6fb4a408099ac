"""Tools: statistics computed on AnnData and stored in it, as in scanpy's ``tl``."""

from lotwise.tl.accepted import accepted
from lotwise.tl.agreement import agreement, sensitivity
from lotwise.tl.batch_equivalence import batch_equivalence
from lotwise.tl.batches import batches
from lotwise.tl.blocks import blocks
from lotwise.tl.ceilings import ceilings
from lotwise.tl.components import components
from lotwise.tl.composition import composition
from lotwise.tl.contributions import contributions
from lotwise.tl.correlate import correlate
from lotwise.tl.detectable import detectable
from lotwise.tl.equivalence import equivalence
from lotwise.tl.gene_sets import gene_sets
from lotwise.tl.genotype import genotype
from lotwise.tl.identity import identity
from lotwise.tl.intervals import intervals
from lotwise.tl.isoforms import isoform_shares, isoform_usage
from lotwise.tl.libraries import libraries, signal
from lotwise.tl.pairs import choose_pairs, least_and_most_alike
from lotwise.tl.process_change import process_change
from lotwise.tl.replicate_qc import replicate_qc
from lotwise.tl.variance import variance

__all__ = [
    "accepted",
    "agreement",
    "batch_equivalence",
    "batches",
    "blocks",
    "ceilings",
    "choose_pairs",
    "components",
    "composition",
    "contributions",
    "correlate",
    "detectable",
    "equivalence",
    "gene_sets",
    "genotype",
    "identity",
    "intervals",
    "isoform_shares",
    "isoform_usage",
    "least_and_most_alike",
    "libraries",
    "process_change",
    "replicate_qc",
    "sensitivity",
    "signal",
    "variance",
]
