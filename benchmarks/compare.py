"""`lotwise compare` and an R script that answers the same question, in one run.

    python benchmarks/compare.py              24 samples x 205,870 isoforms, compared with R
    python benchmarks/compare.py --against ../base   also six samples with another checkout
    python benchmarks/compare.py --input FOLDER      only write the input to this folder

The samples are the six real salmon files of the macrophage data, four times each with noise on
the TPM so that no two are alike; the four are one batch. R reads by tximport with readr,
correlates at both levels, and draws `pairs` of six samples and `heatmap`, as PNG.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from timing import SHARED, Held, has_r, report, time_command

SOURCE = SHARED / "macrophage_naive"
TX2GENE = SOURCE / "tx2gene_from_gencode27.csv.gz"
N_COPIES = 4
NOISE = 0.2  # of ln TPM: replicates then have R of about 0.97
QUICK = ("--no-evidence", "--no-report", "--format", "png")
MOST_QUICK, MOST_WHOLE = 2.0, 5.0  # times R
MOST_OF_OLD = 0.6  # of the seconds of another checkout
MOST_MEGABYTES, MOST_WRITTEN = 1600, 80

PEER = """
suppressMessages({library(tximport); library(readr)})
argument <- commandArgs(trailingOnly = TRUE)
samples <- read.delim(argument[1])
files <- setNames(samples$quant, samples$sample)
tx2gene <- read.csv(argument[2])
isoform <- suppressMessages(tximport(files, type = "salmon", txOut = TRUE, dropInfReps = TRUE))
gene <- suppressMessages(summarizeToGene(isoform, tx2gene))
dir.create(argument[3], showWarnings = FALSE)
for (level in c("gene", "isoform")) {
  log_tpm <- log2(get(level)$abundance + 1)
  r <- cor(log_tpm)
  write.table(r, file.path(argument[3], paste0(level, ".tsv")), sep = "\\t")
  png(file.path(argument[3], paste0(level, "_pairs.png")), 1600, 1600)
  pairs(log_tpm[, 1:6], pch = ".")
  invisible(dev.off())
  png(file.path(argument[3], paste0(level, "_heatmap.png")), 1000, 1000)
  heatmap(r, symm = TRUE)
  invisible(dev.off())
}
"""


def main() -> None:
    wanted = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("--against", type=Path, help="another checkout with its .venv")
    wanted.add_argument("--input", type=Path, help="make the input here and stop")
    wanted.add_argument("--runs", type=int, default=1)
    given = wanted.parse_args()
    if not SOURCE.is_dir():
        sys.exit("skipped: needs the real data")
    if given.input:
        make_input(given.input, n_copies=N_COPIES)
        return
    with tempfile.TemporaryDirectory() as folder:
        beside_r(Path(folder), runs=given.runs)
        if given.against:
            beside_old(Path(folder), given.against, runs=given.runs)


def beside_r(folder: Path, *, runs: int) -> None:
    """24 samples: the quick answer, and everything."""
    if not has_r("tximport", "readr"):
        sys.exit("skipped: needs R with tximport and readr")
    sheet = make_input(folder / "input", n_copies=N_COPIES)
    script = folder / "peer.R"
    script.write_text(PEER)
    peer = time_command(
        "R", ["Rscript", script, sheet, TX2GENE, folder / "peer"], runs=max(runs, 2)
    )
    for words, options, most in (("quick", QUICK, MOST_QUICK), ("whole", (), MOST_WHOLE)):
        out = folder / words
        ours = time_command("lotwise", [*_compare(sys.prefix, sheet, out), *options], runs=runs)
        held = [
            Held(what="times the seconds of R", value=ours.seconds / peer.seconds, most=most),
            Held(what="MB written", value=_megabytes(out), most=MOST_WRITTEN),
        ]
        case = f"compare 24 samples of 205,870, {words}"
        report(case, ours, [peer], most_megabytes=MOST_MEGABYTES, held=held)


def beside_old(folder: Path, checkout: Path, *, runs: int) -> None:
    """Six samples of 48,000 transcripts: everything, and what another checkout took."""
    sheet = make_input(folder / "six", n_copies=1, n_transcripts=48_000)
    old = time_command("before", _compare(checkout / ".venv", sheet, folder / "before"), runs=runs)
    ours = time_command("lotwise", _compare(sys.prefix, sheet, folder / "after"), runs=runs)
    ratio = ours.seconds / old.seconds
    held = [Held(what="of the seconds before", value=ratio, most=MOST_OF_OLD)]
    report("compare six samples of 48,000", ours, [old], held=held)


def make_input(folder: Path, *, n_copies: int, n_transcripts: int | None = None) -> Path:
    """Write salmon files and their sample sheet; return the sheet."""
    rng = np.random.default_rng(2026)
    folder.mkdir(parents=True)
    rows = ["sample\tbatch\tquant"]
    for number, source in enumerate(sorted((SOURCE / "quants").iterdir()), start=1):
        with gzip.open(source / "quant.sf.gz") as text:
            quant = pl.read_csv(text.read(), separator="\t", n_rows=n_transcripts)
        for copy in range(1, n_copies + 1):
            name = f"L{number}_{copy}"
            noise = rng.lognormal(0, NOISE, len(quant))
            tpm = quant["TPM"].to_numpy() * noise
            counts = quant["NumReads"].to_numpy() * noise
            written = quant.with_columns(
                TPM=pl.Series(tpm / tpm.sum() * 1e6).round(6), NumReads=pl.Series(counts).round(3)
            )
            path = folder / f"{name}.sf"
            written.write_csv(path, separator="\t")
            rows.append(f"{name}\tL{number}\t{path}")
    sheet = folder / "samples.tsv"
    sheet.write_text("\n".join(rows) + "\n")
    return sheet


def _compare(prefix: str | Path, sheet: Path, out: Path) -> list[str | Path]:
    shutil.rmtree(out, ignore_errors=True)
    program = Path(prefix) / "bin" / "lotwise"
    return [program, "compare", sheet, "--tx2gene", TX2GENE, "--out", out]


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
