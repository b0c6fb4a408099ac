"""24 salmon files of 205,870 transcripts: read, sum to genes, correlate at both levels.

The peer is R: tximport, summarizeToGene and cor, on the same files; once with base R's reader,
which tximport takes where readr is not installed (Debian's package does not bring it), and once
with readr. The six real files of the macrophage data are used four times each.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from timing import SHARED, has_r, report, time_command

PEER = """
suppressMessages({library(tximport)})
argument <- commandArgs(trailingOnly = TRUE)
files <- list.files(argument[1], pattern = "quant.sf.gz$", recursive = TRUE, full.names = TRUE)
tx2gene <- read.csv(argument[2])
reader <- if (argument[3] == "base") function(file) read.delim(file) else NULL
isoform <- suppressMessages(tximport(files, type = "salmon", txOut = TRUE, dropInfReps = TRUE,
                                     importer = reader))
gene <- suppressMessages(summarizeToGene(isoform, tx2gene))
r_isoform <- cor(log2(isoform$abundance + 1))
r_gene <- cor(log2(gene$abundance + 1))
cat(min(r_isoform), min(r_gene), "\\n")
"""

OURS = """
import sys
from pathlib import Path
import warnings
import numpy as np
import lotwise
from lotwise.metrics.correlation import pearson_matrix
warnings.simplefilter("ignore")
quants = {path.parent.name: path for path in sorted(Path(sys.argv[1]).glob("*/quant.sf.gz"))}
gene, isoform = lotwise.read_quant(quants, tx2gene=sys.argv[2])
print(pearson_matrix(isoform.X).min(), pearson_matrix(gene.X).min())
"""


def main() -> None:
    source = SHARED / "macrophage_naive"
    if not source.is_dir() or not has_r("tximport", "readr"):
        sys.exit("skipped: needs the real data, and R with tximport and readr")
    tx2gene = source / "tx2gene_from_gencode27.csv.gz"
    with tempfile.TemporaryDirectory() as folder:
        quants = Path(folder) / "quants"
        for copy in range(4):
            for quant in sorted((source / "quants").iterdir()):
                target = quants / f"{quant.name}_{copy}"
                target.mkdir(parents=True)
                shutil.copy(quant / "quant.sf.gz", target)
        script = Path(folder) / "peer.R"
        script.write_text(PEER)
        ours = time_command("lotwise", [sys.executable, "-c", OURS, quants, tx2gene])
        peers = [
            time_command(
                f"R tximport + cor, {reader}",
                ["Rscript", script, quants, tx2gene, reader],
            )
            for reader in ("base", "readr")
        ]
    needed = dict(zip([peer.name for peer in peers], (8.0, 5.0), strict=True))
    report("read 24 samples of 205,870, gene sums, R", ours, peers, needed=needed)


if __name__ == "__main__":
    main()
