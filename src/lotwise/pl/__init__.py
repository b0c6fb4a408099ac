"""Figures of what :mod:`lotwise.tl` found; they show and compute nothing."""

from lotwise.files.figures import save_figure
from lotwise.pl.batch_equivalence import batch_equivalence
from lotwise.pl.canvas import nothing
from lotwise.pl.components import components
from lotwise.pl.heatmap import heatmap
from lotwise.pl.limits import detectable, mean_difference, sensitivity
from lotwise.pl.samples import batches, identity, isoform_switches
from lotwise.pl.scatter_matrix import MOST_SAMPLES, scatter_matrix
from lotwise.pl.style import add_note
from lotwise.pl.titration import titration
from lotwise.pl.variance import variance

__all__ = [
    "MOST_SAMPLES",
    "add_note",
    "batch_equivalence",
    "batches",
    "components",
    "detectable",
    "heatmap",
    "identity",
    "isoform_switches",
    "mean_difference",
    "nothing",
    "save_figure",
    "scatter_matrix",
    "sensitivity",
    "titration",
    "variance",
]
