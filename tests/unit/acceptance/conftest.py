"""A folder of results whose tables a test writes row by row."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from lotwise.evidence.catalogue import tables
from lotwise.files.records import unknown_values
from lotwise.files.tables import to_frame, write_table
from lotwise.tree import ResultTree


class Tree:
    """Result tables below a root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, table: str, *rows: dict, level: str = "gene") -> None:
        """Write a table; values that a row does not have are empty or NaN."""
        record = tables()[table].record
        empty = unknown_values(record)
        empty |= {"in_detail": True} if "in_detail" in empty else {}
        made = [record(**(empty | row)) for row in rows]
        tree = ResultTree(self.root)
        write_table(tree.table(level, table), to_frame(made, record))
        # The file that says whether samples can be compared; nothing speaks against it.
        tree.h5ad(level).parent.mkdir(exist_ok=True)
        with h5py.File(tree.h5ad(level), "w") as stored:
            stored["obsp/pearson"] = [[1.0]]

    def write_pairs(self, *pearsons: float, level: str = "gene", **given: object) -> None:
        """Write pairs of batches with these R over all features."""
        self.write(
            "pairs",
            *(
                {
                    "sample_a": "A1",
                    "sample_b": f"B{i}",
                    "batch_a": "A",
                    "batch_b": "B",
                    "relation": "between",
                    "feature_set": "all",
                    "pearson": r,
                    **given,
                }
                for i, r in enumerate(pearsons, start=1)
            ),
            level=level,
        )


@pytest.fixture
def tree(tmp_path) -> Tree:
    return Tree(tmp_path / "results")
