"""One set of abundances, written as each program writes it."""

from __future__ import annotations

import gzip

import h5py
import numpy as np
import pytest

N = 12
TRANSCRIPTS = [f"ENST{i:011d}.{i % 3 + 1}" for i in range(N)]
GENES = [f"ENSG{i // 2:011d}.4" for i in range(N)]


class Files:
    """Writers of one sample's files; ``tpm`` sums to a million."""

    transcripts = TRANSCRIPTS
    genes = GENES

    def __init__(self, folder) -> None:
        self.folder = folder
        rng = np.random.default_rng(8)
        self.tpm, self.counts = self.draw(rng)
        self.other_tpm, self.other_counts = self.draw(rng)
        self.length = np.arange(N) * 50.0 + 300

    def draw(self, rng):
        tpm = np.round(rng.lognormal(3, 1, N), 3)
        tpm[3] = 0
        return tpm / tpm.sum() * 1e6, np.round(rng.lognormal(4, 1, N), 2)

    def text(self, name, header, rows, *, packed=False):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["\t".join(header), *("\t".join(map(str, row)) for row in rows)]
        raw = ("\n".join(lines) + "\n").encode()
        path.write_bytes(gzip.compress(raw) if packed else raw)
        return path

    def salmon(self, name, *, packed=False, names=TRANSCRIPTS):
        header = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
        rows = zip(names, [900] * N, self.length, self.tpm, self.counts, strict=True)
        return self.text(name, header, rows, packed=packed)

    def kallisto(self, name, *, packed=False, names=TRANSCRIPTS):
        header = ["target_id", "length", "eff_length", "est_counts", "tpm"]
        rows = zip(names, [900] * N, self.length, self.counts, self.tpm, strict=True)
        return self.text(name, header, rows, packed=packed)

    def rsem_isoforms(self, name, *, packed=False, genes=GENES, names=TRANSCRIPTS):
        header = ["transcript_id", "gene_id", "length", "effective_length", "expected_count",
                  "TPM", "FPKM", "IsoPct"]  # fmt: skip
        rows = zip(names, genes, [900] * N, self.length, self.counts, self.tpm,
                   self.tpm / 2, [50] * N, strict=True)  # fmt: skip
        return self.text(name, header, rows, packed=packed)

    def rsem_genes(self, name, *, packed=False):
        header = ["gene_id", "transcript_id(s)", "length", "effective_length", "expected_count",
                  "TPM", "FPKM"]  # fmt: skip
        tpm, counts = self.tpm.reshape(-1, 2).sum(axis=1), self.counts.reshape(-1, 2).sum(axis=1)
        both = [",".join(TRANSCRIPTS[i : i + 2]) for i in range(0, N, 2)]
        rows = zip(GENES[::2], both, [900] * (N // 2), self.length[::2], counts, tpm, tpm / 2,
                   strict=True)  # fmt: skip
        return self.text(name, header, rows, packed=packed)

    def kallisto_h5(self, name, *, packed=False, n_bootstraps=3, names=TRANSCRIPTS):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as store:
            store["est_counts"] = self.counts
            store["aux/ids"] = np.array(names, dtype="S")
            store["aux/lengths"] = np.full(N, 900, dtype="i4")
            store["aux/eff_lengths"] = self.length
            store["aux/num_bootstrap"] = np.array([n_bootstraps], dtype="i4")
            for number in range(n_bootstraps):
                store[f"bootstrap/bs{number}"] = self.counts + number
        if packed:
            path.write_bytes(gzip.compress(path.read_bytes()))
        return path


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)
