"""Simulated samples with known truth, compared and read as the report reads them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

import lotwise
from lotwise.config import EvidenceConfig
from lotwise.expression import Quantification
from lotwise.files.tables import write_table
from lotwise.report.run_tables import Findings, LevelFindings, Row, read_findings
from lotwise.tree import SAMPLES, ResultTree

N_GENES = 3000
NAMES = [f"ENSG{i:011d}" for i in range(N_GENES)]
BASE = np.random.default_rng(0).normal(5, 2.5, N_GENES)
LENGTHS = np.random.default_rng(1).uniform(500, 3000, N_GENES)


def drawn(log_truth, *, depths=2e6, seed=1):
    """Read counts of each row of true log2 expression, samples x genes."""
    rate = np.exp2(np.asarray(log_truth, dtype=float)) * LENGTHS
    share = rate / rate.sum(axis=1, keepdims=True)
    depth = np.broadcast_to(depths, len(share))[:, None]
    return np.random.default_rng(seed).poisson(share * depth).astype(float)


def measured(counts, batches, *, names=NAMES, **columns) -> AnnData:
    """Return samples of genes as read from a table; columns go to ``obs``."""
    samples = [f"S{row}" for row in range(len(counts))]
    tpm = counts / LENGTHS
    tpm *= 1e6 / tpm.sum(axis=1, keepdims=True)

    def table(values):
        return pd.DataFrame(values, index=samples, columns=names)

    gene = lotwise.from_frame(
        table(tpm),
        counts=table(counts),
        lengths=table(np.broadcast_to(LENGTHS, counts.shape)),
        batches=dict(zip(samples, batches, strict=True)),
        level="gene",
    ).gene
    for name, values in columns.items():
        gene.obs[name] = list(values)
    return gene


def reported(
    folder: Path, counts, batches, *statistics: str, names=NAMES, options=None, **columns
) -> Findings:
    """Compare samples in memory and read the tables as the report does."""
    gene = measured(counts, batches, names=names, **columns)
    config = EvidenceConfig(statistics=statistics, **(options or {}))
    compared = lotwise.compare(Quantification(gene=gene, isoform=None), evidence=config)
    sheet = pd.DataFrame({"sample": gene.obs_names, "batch": list(batches)} | columns)
    write_table(folder / SAMPLES, sheet)
    return findings_of(folder, compared.tables["gene"])


def findings_of(folder: Path, tables) -> Findings:
    """Write tables of genes, and read them as the report does."""
    tree = ResultTree(folder)
    for name, found in tables.items():
        write_table(tree.table("gene", name), found)
    return read_findings(folder)


def gene_level(findings: Findings) -> tuple[LevelFindings, Row]:
    """Return the genes, and the pair of different batches that is least alike."""
    level = findings.levels[0]
    pair = next(row for row in level.pairs if row["relation"] == "between")
    return level, pair


def numbers(text: str) -> list[float]:
    """Return the numbers of a sentence in their order."""
    return [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*\.?\d*", text)]
