"""Simulated quantifications in kallisto's format, without reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from lotwise.files.atomic import atomic_directory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lotwise.simulate.library import Library
    from lotwise.simulate.transcriptome import Transcriptome


def simulate_counts(
    tpm: NDArray[np.float64],
    lengths: NDArray[np.int64],
    *,
    library: Library,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw the number of fragments of each isoform (multinomial) by abundance and length.

    Shape (n_isoforms,). The library's background fragments are not counted, so the sum is at most
    ``library.n_fragments``.
    """
    n_mapped = int(rng.binomial(library.n_fragments, 1 - library.background))
    return rng.multinomial(n_mapped, library.fragment_shares(tpm, lengths))


def write_quantification(
    directory: Path,
    tpm: NDArray[np.float64],
    *,
    transcriptome: Transcriptome,
    library: Library,
    rng: np.random.Generator,
) -> None:
    """Write kallisto's output as if the isoform of every fragment were known.

    The directory contains ``abundance.tsv`` and ``run_info.json``. The only noise is that of
    sampling fragments. There is no ambiguity between isoforms with shared exons, so that isoforms
    agree better than they would with reads.
    """
    lengths = transcriptome.lengths
    counts = simulate_counts(tpm, lengths, library=library, rng=rng)
    effective = library.effective_lengths(lengths)
    rate = counts / effective
    estimated = rate / max(rate.sum(), np.finfo(np.float64).tiny) * 1e6
    with atomic_directory(directory) as temporary:
        with (temporary / "abundance.tsv").open("w", encoding="ascii") as table:
            table.write("target_id\tlength\teff_length\test_counts\ttpm\n")
            table.writelines(
                f"{name}\t{length}\t{eff:.6g}\t{count}\t{value:.6g}\n"
                for name, length, eff, count, value in zip(
                    transcriptome.isoform_ids, lengths, effective, counts, estimated, strict=True
                )
            )
        run_info = {
            "n_targets": transcriptome.n_isoforms,
            "n_bootstraps": 0,
            "n_processed": library.n_fragments,
            "n_pseudoaligned": int(counts.sum()),
            "n_unique": int(counts.sum()),
            "p_pseudoaligned": round(100 * int(counts.sum()) / library.n_fragments, 1),
            "p_unique": round(100 * int(counts.sum()) / library.n_fragments, 1),
            "kallisto_version": "none, simulated by lotwise",
            "index_version": 0,
            "start_time": "",
            "call": "lotwise simulate --as quant",
        }
        text = json.dumps(run_info, indent=4) + "\n"
        (temporary / "run_info.json").write_text(text, encoding="ascii")
