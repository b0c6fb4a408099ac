"""Time and memory of naming blocks from an annotation of GENCODE's size.

    python benchmarks/gtf_blocks.py

The GTF is synthetic: 62,000 genes with 54 rows of transcripts, exons and CDS each, 3.4 million
rows of about 400 characters (GENCODE 44 has 62,700 genes and 3.4 million rows), gzipped.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from isal import igzip
from timing import Held, Timing, report

from lotwise import tl

N_GENES, N_ROWS = 62_000, 54
ATTRIBUTES = (
    'gene_id "ENSG{i:011d}.1"; transcript_id "ENST{i:011d}.1"; gene_type "protein_coding"; '
    'gene_name "N{i}"; transcript_type "protein_coding"; transcript_name "N{i}-201"; '
    'exon_number 1; exon_id "ENSE{i:011d}.1"; level 2; protein_id "ENSP{i:011d}.1"; '
    'transcript_support_level "1"; tag "basic"; tag "Ensembl_canonical"; tag "MANE_Select"; '
    'havana_gene "OTTHUMG{i:011d}.1"; havana_transcript "OTTHUMT{i:011d}.1";'
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "annotation.gtf.gz"
        _write(path)
        size = path.stat().st_size / 1e6
        names = pd.Index([f"ENSG{i:011d}.1" for i in range(N_GENES)], dtype=object)
        gene = anndata.AnnData(np.ones((2, N_GENES)), var=pd.DataFrame(index=names))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        start, cpu = time.perf_counter(), time.process_time()
        tl.blocks(gene, source=path)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    n_blocks = gene.var["block"].nunique()
    ours = Timing(
        name="lotwise", seconds=seconds, processor=cpu, megabytes=peak * 1e3, elapsed=(seconds,)
    )
    held = [
        Held(what="MB of GTF, gzipped", value=size),
        Held(what="blocks", value=n_blocks),
        Held(what="GB before", value=before),
    ]
    report(f"blocks of {N_GENES:,} genes from a GTF", ours, held=held)


def _write(path: Path) -> None:
    with igzip.open(path, "wb", compresslevel=1) as packed:
        for i in range(N_GENES):
            start = 1000 + 40_000 * i % 240_000_000
            place = (
                f"chr{1 + i * 24 // N_GENES}\tHAVANA\t{{}}\t{start}\t{start + 30_000}\t.\t+\t.\t"
            )
            words = ATTRIBUTES.format(i=i) + "\n"
            rows = ["gene", "transcript"] + ["exon"] * (N_ROWS - 2)
            packed.write("".join(place.format(kind) + words for kind in rows).encode())


if __name__ == "__main__":
    main()
