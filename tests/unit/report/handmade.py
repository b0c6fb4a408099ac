"""A hand-written results folder, small enough to know what the report must say."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from lotwise.evidence.catalogue import tables
from lotwise.files.records import Record, unknown_values
from lotwise.files.tables import to_frame, write_table
from lotwise.tree import ResultTree


def record_of(name: str, **values: object) -> Record:
    """A row of a table, everything else empty or NaN."""
    record = tables()[name].record
    empty = unknown_values(record)
    empty |= {name: True for name in ("in_detail", "specific") if name in empty}
    return record(**(empty | values))


class Tree:
    """Results of three samples, one per batch; every table can be overwritten."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names = ["S1", "S2", "S3"]
        self.batches = ["A", "B", "C"]
        self.r = {("S1", "S2"): 0.99, ("S1", "S3"): 0.97, ("S2", "S3"): 0.98}
        self.features = [f"g{i}" for i in range(6)]
        self.pseudocount = 1.0

    def pairs(self):
        for (a, b), r in self.r.items():
            batches = [self.batches[self.names.index(name)] for name in (a, b)]
            yield (
                {
                    "sample_a": a,
                    "sample_b": b,
                    "batch_a": batches[0],
                    "batch_b": batches[1],
                    "relation": "within" if batches[0] == batches[1] else "between",
                },
                r,
            )

    def write(self, level: str, name: str, rows: list[dict]) -> None:
        record = tables()[name].record
        table = to_frame([record_of(name, **row) for row in rows], record)
        write_table(ResultTree(self.root).table(level, name), table)

    def write_all(self, levels=("gene",)) -> Path:
        sheet = pd.DataFrame({"sample": self.names, "batch": self.batches})
        write_table(self.root / "samples.tsv", sheet)
        for level in levels:
            self.write_level(level)
        return self.root

    def write_level(self, level: str) -> None:
        detail = {"pseudocount": self.pseudocount, "in_detail": True}
        whole = {"n_features": 6, "n_double_zero": 3} | detail
        both = {"n_features": 3, "n_double_zero": 0} | detail
        rows = []
        for pair, r in self.pairs():
            rows.append(
                pair | whole | {"feature_set": "all", "pearson": r, "spearman": r, "ccc": r}
            )
            rows.append(pair | both | {"feature_set": "detected_both", "pearson": r - 0.1})
        self.write(level, "pairs", rows)
        of_batches = {
            "sample_a": "batch_a",
            "sample_b": "batch_b",
        }
        self.write(
            level,
            "batch_pairs",
            [row | {end: row[batch] for end, batch in of_batches.items()} for row in rows],
        )
        contributions = [
            {
                "sample_a": pair["sample_a"],
                "sample_b": pair["sample_b"],
                "rank": rank,
                "feature": feature,
                "gene_name": f"SYM{rank}",
                "tpm_a": 4.0 * rank,
                "tpm_b": 1.0,
                "relation": pair["relation"],
                "log2_ratio": float(rank),
                "share": 0.5 / rank,
                "cumulative_share": 0.5,
            }
            for pair, _ in self.pairs()
            for rank, feature in enumerate(self.features[:2], start=1)
        ]
        self.write(level, "contributions", contributions)
        tpm = np.array([[0, 0, 0, 1, 10, 100], [0, 0, 0, 2, 11, 90], [0, 0, 0, 3, 9, 110]], float)
        n = len(self.names)
        made = anndata.AnnData(
            obs=pd.DataFrame(index=pd.Index(self.names, dtype=object)),
            var=pd.DataFrame(index=pd.Index(self.features, dtype=object)),
            layers={"tpm": np.resize(tpm, (n, len(self.features)))},
            obsp={"pearson": np.eye(n)},
        )
        path = self.root / "expression" / f"{level}.h5ad"
        path.parent.mkdir(parents=True, exist_ok=True)
        made.write_h5ad(path)
