"""Simulated transcriptomes, batches and reads of known truth.

:func:`simulate_experiment` writes everything that a run needs into one directory. The parts can
also be used separately, for tests and other questions.
"""

from lotwise.simulate.batches import Expression, Plan, simulate_expression, sum_to_genes
from lotwise.simulate.experiment import Experiment, Form, simulate_experiment
from lotwise.simulate.library import Kind, Library, Protocol, make_library
from lotwise.simulate.quants import simulate_counts, write_quantification
from lotwise.simulate.reads import write_reads
from lotwise.simulate.transcriptome import Transcriptome, simulate_transcriptome

__all__ = [
    "Experiment",
    "Expression",
    "Form",
    "Kind",
    "Library",
    "Plan",
    "Protocol",
    "Transcriptome",
    "make_library",
    "simulate_counts",
    "simulate_experiment",
    "simulate_expression",
    "simulate_transcriptome",
    "sum_to_genes",
    "write_quantification",
    "write_reads",
]
