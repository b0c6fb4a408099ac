"""The catalogue of statistics: one light module per statistic declares all that is said of it.

A module of this package declares the records of its tables and, as ``STATISTIC``, what the
statistic computes, draws and reads. Everything else derives from that: see
:mod:`lotwise.evidence.catalogue`.
"""
