"""Figures of what :mod:`lotwise.tl` found; they show and compute nothing."""

from lotwise.pl.heatmap import heatmap
from lotwise.pl.scatter_matrix import MOST_SAMPLES, scatter_matrix
from lotwise.pl.style import save_figure

__all__ = ["MOST_SAMPLES", "heatmap", "save_figure", "scatter_matrix"]
