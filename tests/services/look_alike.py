"""A made-up series of the shape expected of GSE150969, with its reads and a reference.

`python tests/services/look_alike.py` serves it on loopback until it is interrupted, and prints
the lines of `config.yaml` that point there.
"""

from __future__ import annotations

import gzip
import os
import sys
import threading

import numpy as np
import yaml
from archive_server import ArchiveServer, Site
from geo_site import GeoSample, add_gencode, add_series, base_urls
from made_up import BATCHES

N_PAIRS = 4000


def transcriptome(rng):
    """Sixty genes of two isoforms each, by GENCODE's names."""
    sequences = {}
    for gene in range(60):
        for isoform in range(2):
            transcript = f"ENST{2 * gene + isoform:011d}.1|ENSG{gene:011d}.1"
            sequences[f"{transcript}|-|-|G{gene}-20{isoform}|G{gene}|"] = "".join(
                rng.choice(list("ACGT"), 900)
            )
    return sequences


def fasta_of(sequences) -> bytes:
    text = "".join(f">{name}\n{sequence}\n" for name, sequence in sequences.items())
    return gzip.compress(text.encode(), mtime=0)


def gtf_of(sequences) -> bytes:
    lines = []
    for name in sequences:
        transcript, gene, *_ = name.split("|")
        traits = f'gene_id "{gene}"; transcript_id "{transcript}"; gene_name "x";'
        lines.append(f"chr1\tHAVANA\ttranscript\t1\t900\t.\t+\t.\t{traits}")
    return gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)


def mates_of(sequences, rng):
    """Pairs of 75 bases from fragments of about 200, abundances drawn anew for each sample."""
    names = list(sequences)
    shares = np.random.default_rng(1).lognormal(0, 1.5, len(names)) * rng.lognormal(
        0, 0.2, len(names)
    )
    picks = rng.choice(len(names), N_PAIRS, p=shares / shares.sum())
    flip = str.maketrans("ACGT", "TGCA")
    ends = ([], [])
    for number, pick in enumerate(picks):
        length = int(np.clip(rng.normal(200, 20), 120, 300))
        start = int(rng.integers(0, 900 - length))
        fragment = sequences[names[pick]][start : start + length]
        for end, read in zip(
            ends, (fragment[:75], fragment[-75:].translate(flip)[::-1]), strict=True
        ):
            end.append(f"@r{number}\n{read}\n+\n{'I' * 75}\n")
    return [gzip.compress("".join(end).encode(), 1, mtime=0) for end in ends]


def publish(site):
    """Offer a series of the shape expected of GSE150969, made up, and a reference."""
    rng = np.random.default_rng(7)
    sequences = transcriptome(rng)
    samples = [
        GeoSample(
            f"GSM90010{i}",
            f"{batch} mRNA-seq",
            ["cell type: mesenchymal stem cell"],
            f"SRX90010{i}",
            {f"SRR9001{i}{run}": mates_of(sequences, rng) for run in range(2)},
        )
        for i, batch in enumerate(BATCHES)
    ]
    add_series(site, "GSE150969", "A made-up series in its place", samples)
    add_gencode(
        site,
        "44",
        {
            "gencode.v44.transcripts.fa.gz": fasta_of(sequences),
            "gencode.v44.annotation.gtf.gz": gtf_of(sequences),
        },
    )


def main() -> None:
    """Serve the series until interrupted."""
    site = Site()
    publish(site)
    with ArchiveServer(site) as server:
        sys.stdout.write(yaml.safe_dump({"urls": base_urls(server.url)}))
        sys.stdout.flush()
        # Python leaves the descriptor open: whoever reads the addresses would wait for more.
        os.close(sys.stdout.fileno())
        threading.Event().wait()


if __name__ == "__main__":
    main()
