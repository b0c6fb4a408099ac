"""Panels of marker genes and gene sets: :func:`read_panel`, :func:`read_gene_sets`."""

from lotwise.files.panels import SHIPPED, Marker, Panel, read_gene_sets, read_panel

__all__ = ["SHIPPED", "Marker", "Panel", "read_gene_sets", "read_panel"]
