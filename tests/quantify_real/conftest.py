"""The three programs, run for real on simulated reads of known truth."""

from __future__ import annotations

import dataclasses
import gzip
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lotwise.quantify import Kallisto, Reference, Rsem, Salmon, Settings
from lotwise.quantify.kallisto import find_in_wheel
from lotwise.samples import read_samples
from lotwise.simulate import Experiment, Plan, simulate_experiment

PROGRAMS = {
    "kallisto": (Kallisto, ()),
    "salmon": (Salmon, ("salmon",)),
    "rsem": (Rsem, ("rsem-calculate-expression", "bowtie2", "samtools")),
    "rsem-star": (
        partial(Rsem, aligner="star"),
        ("rsem-calculate-expression", "STAR", "samtools"),
    ),
}


@pytest.fixture(scope="session", params=["kallisto", "salmon", "rsem"])
def quantifier(request, require):
    made, programs = PROGRAMS[request.param]
    if request.param == "kallisto" and find_in_wheel() is None:
        programs = ("kallisto",)
    require(*programs)
    return made()


@pytest.fixture(scope="session")
def simulate(tmp_path_factory):
    """Simulate reads; keyword arguments are those of Plan."""

    def make(*, seed: int = 1, **plan) -> Experiment:
        return simulate_experiment(
            tmp_path_factory.mktemp("simulated"),
            rng=np.random.default_rng(seed),
            plan=Plan(**plan),
            form="reads",
            threads=2,
        )

    return make


@pytest.fixture(scope="session")
def small(simulate):
    """Two sound samples of 6,000 pairs on 60 genes, reverse stranded."""
    return simulate(n_genes=60, n_batches=2, n_fragments=6_000, strandedness="reverse")


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def settings(cache) -> Settings:
    return Settings(cache=cache, threads=2)


@pytest.fixture(scope="session")
def reference_of(quantifier):
    """Return the part of an experiment's reference that this quantifier needs."""

    def give(made: Experiment) -> Reference:
        if isinstance(quantifier, Rsem) and quantifier.aligner == "star":
            return Reference(transcripts=made.transcripts, genome=made.genome, gtf=made.gtf)
        return Reference(transcripts=made.transcripts)

    return give


@pytest.fixture
def reference(small, reference_of) -> Reference:
    return reference_of(small)


@pytest.fixture
def samples(small):
    return list(read_samples(small.samples))


@pytest.fixture
def replace_reads():
    """Return a sample with other files."""

    def replace(sample, **files):
        run = dataclasses.replace(sample.runs[0], **files)
        return dataclasses.replace(sample, runs=(run,))

    return replace


@pytest.fixture
def repack(tmp_path):
    """Write a FASTQ's text again, changed by a function, as one gzip member."""

    def write(source: Path, change, *, cut: int = 0) -> Path:
        packed = gzip.compress(change(gzip.decompress(source.read_bytes())), 1)
        path = tmp_path / f"changed_{source.name}"
        path.write_bytes(packed[: len(packed) - cut])
        return path

    return write


def gene_log_tpm(names, tpm, genes: pd.Series) -> pd.Series:
    """Sum isoforms to genes; log2(TPM + 1)."""
    return np.log2(pd.Series(tpm, index=list(names)).groupby(genes).sum() + 1)


@pytest.fixture(scope="session")
def sum_genes():
    return gene_log_tpm
