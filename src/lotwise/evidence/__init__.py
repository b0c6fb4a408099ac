"""The catalogue of statistics: one light module per statistic with all its declarations.

A module of this package declares the records of its tables and, as ``STATISTIC``, what the
statistic computes, draws and reads. Everything else is derived from that; see
:mod:`lotwise.evidence.catalogue`.
"""
