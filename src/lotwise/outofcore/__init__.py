"""Correlation of more samples than fit into memory.

R is computed in blocks, which are stored on disk. If a run was killed, the next call continues from
the finished blocks.

>>> import lotwise
>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> folder = Path(mkdtemp())
>>> lotwise.datasets.three_batches().gene.write_h5ad(folder / "store.h5ad")
>>> store = lotwise.outofcore.open_store(folder / "store.h5ad", layer="tpm", pseudocount=1.0)
>>> found = lotwise.outofcore.nearest_samples(store, folder / "made", k=1)
>>> found[["sample", "nearest"]].values.tolist()[:2]
[['lot1', 'lot2'], ['lot2', 'lot1']]
"""

from lotwise.outofcore.correlate import correlate_store, nearest_samples
from lotwise.outofcore.source import Source, open_store

__all__ = ["Source", "correlate_store", "nearest_samples", "open_store"]
