"""Figures of expression and of what :mod:`lotwise.tl` computed.

Every function returns a Matplotlib figure and neither shows nor saves it. With ``ax=``, it draws
into your axes and returns their figure. ``figsize=`` sets the size in inches, and ``palette=`` sets
the colours of batches. Fonts, font sizes and dark styles follow ``matplotlib.rcParams``.
"""

from lotwise.pl.batch_equivalence import batch_equivalence
from lotwise.pl.canvas import nothing
from lotwise.pl.components import components
from lotwise.pl.composition import composition
from lotwise.pl.genotype import genotype
from lotwise.pl.heatmap import heatmap
from lotwise.pl.limits import detectable, sensitivity
from lotwise.pl.process_change import process_change
from lotwise.pl.samples import batches, identity, isoform_switches
from lotwise.pl.scatter_matrix import MOST_SAMPLES, scatter_matrix
from lotwise.pl.style import add_note, save_figure
from lotwise.pl.titration import titration
from lotwise.pl.two_samples import mean_difference, scatter
from lotwise.pl.variance import variance

__all__ = [
    "MOST_SAMPLES",
    "add_note",
    "batch_equivalence",
    "batches",
    "components",
    "composition",
    "detectable",
    "genotype",
    "heatmap",
    "identity",
    "isoform_switches",
    "mean_difference",
    "nothing",
    "process_change",
    "save_figure",
    "scatter",
    "scatter_matrix",
    "sensitivity",
    "titration",
    "variance",
]
