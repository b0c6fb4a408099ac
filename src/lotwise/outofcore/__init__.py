"""Correlation of more samples than memory holds: read in blocks, kept in blocks, resumed.

>>> import lotwise
>>> atlas = lotwise.outofcore.open_store(getfixture("atlas"), pseudocount=1.0)
>>> found = lotwise.outofcore.nearest_samples(atlas, getfixture("tmp_path"), k=1)
>>> found[["sample", "nearest"]].values.tolist()[:2]
[['S0', 'S1'], ['S1', 'S0']]
"""

from lotwise.outofcore.correlate import correlate_store, nearest_samples
from lotwise.outofcore.source import Source, open_store

__all__ = ["Source", "correlate_store", "nearest_samples", "open_store"]
