"""A made-up series of three batches: samples, TPM, and the tables that authors deposit."""

from __future__ import annotations

import gzip

import numpy as np
from geo_site import GeoSample, fastq_of

BATCHES = [f"CYN-IPSC-MSC-P5B-FP-{number:03d}" for number in (1, 2, 3)]
GENES = [f"ENSG{number:011d}" for number in range(40)]


def three_batches(*, mates=2, runs=1):
    """A made-up series of the shape that three batches would have."""
    return [
        GeoSample(
            f"GSM90000{i}",
            f"iPSC-derived MSC, batch {batch}",
            ["cell type: mesenchymal stem cell", f"lot: {batch}"],
            f"SRX90000{i}",
            {
                f"SRR9000{i}{run}": [fastq_of(100 * i + 10 * run + mate) for mate in range(mates)]
                for run in range(runs)
            },
        )
        for i, batch in enumerate(BATCHES)
    ]


def tpm_of(seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).lognormal(2, 2, len(GENES))
    return values / values.sum() * 1e6


def rsem(tpm, kind="genes") -> bytes:
    tpm = tpm.tolist()
    if kind == "genes":
        rows = ["gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM"]
        rows += [
            f"{g}\tT\t1000\t800\t{t / 10:.2f}\t{t!r}\t{t / 2!r}"
            for g, t in zip(GENES, tpm, strict=True)
        ]
    else:
        rows = [
            "transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\tFPKM\tIsoPct"
        ]
        rows += [
            f"ENST{i:011d}\t{g}\t1000\t800\t{t / 10:.2f}\t{t!r}\t{t / 2!r}\t100"
            for i, (g, t) in enumerate(zip(GENES, tpm, strict=True))
        ]
    return gzip.compress(("\n".join(rows) + "\n").encode(), mtime=0)


def matrix_of(columns) -> bytes:
    names = list(columns)
    lines = ["\t".join(["gene_id", *names])]
    for row, gene in enumerate(GENES):
        lines.append("\t".join([gene, *(repr(float(columns[name][row])) for name in names)]))
    return gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)


def ncbi_table(values) -> bytes:
    """Write TPM as NCBI does: numbers of Entrez for genes, a column a sample."""
    rows = ["GeneID\tGSM900000\tGSM900001\tGSM900002"]
    rows += [
        "\t".join([str(gene + 1), *(repr(float(v[gene])) for v in values)])
        for gene in range(len(GENES))
    ]
    return ("\n".join(rows) + "\n").encode()
