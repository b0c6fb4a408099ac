"""Small reads whose truth is known, whole or damaged in one way each."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lotwise.samples import Run, Sample
from lotwise.simulate import Library, simulate_transcriptome, write_reads
from lotwise.simulate.annotation import write_transcripts


@pytest.fixture(scope="session")
def transcriptome():
    return simulate_transcriptome(np.random.default_rng(21), n_genes=40)


@pytest.fixture(scope="session")
def transcripts(transcriptome, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "transcripts.fa"
    write_transcripts(transcriptome, path)
    return path


@pytest.fixture(scope="session")
def make_reads(transcriptome, tmp_path_factory):
    """Write reads of even abundance; keyword arguments are those of Library."""

    def make(name: str = "s", *, seed: int = 5, **library) -> tuple[Path, ...]:
        return write_reads(
            tmp_path_factory.mktemp("reads") / name,
            np.full(transcriptome.n_isoforms, 1e6 / transcriptome.n_isoforms),
            transcriptome=transcriptome,
            library=Library(**{"n_fragments": 3_000, **library}),
            rng=np.random.default_rng(seed),
        )

    return make


@pytest.fixture(scope="session")
def pair(make_reads) -> tuple[Path, ...]:
    return make_reads("sound")


@pytest.fixture
def make_sample():
    def make(*files: Path, name: str = "S1", **fields) -> Sample:
        run = Run(fastq_1=files[0], fastq_2=files[1] if len(files) > 1 else None)
        return Sample(**{"sample": name, "batch": "A", "runs": (run,), **fields})

    return make


@pytest.fixture
def write_gz(tmp_path):
    """Write bytes as one gzip member; ``cut`` takes bytes off its end."""

    def write(name: str, content: bytes, *, cut: int = 0) -> Path:
        packed = gzip.compress(content, 1)
        path = tmp_path / name
        path.write_bytes(packed[: len(packed) - cut])
        return path

    return write
