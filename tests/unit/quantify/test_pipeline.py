"""What is refused before any reads are read, or before they are quantified."""

import re

import numpy as np
import pytest

from lotwise.config import Limits
from lotwise.errors import InputError, RefusedError
from lotwise.quantify import (
    Reference,
    Rsem,
    Settings,
    infer_strandedness,
    prepare_reference,
    quantify_samples,
)
from lotwise.quantify.pipeline import (
    _require_match,
    prepare_index,
    quantify_checked,
)


@pytest.mark.parametrize("quantify", [quantify_samples, quantify_checked, prepare_index])
@pytest.mark.parametrize(
    ("aligner", "bootstraps", "words"),
    [
        ("bowtie2", 30, "RSEM does not compute bootstraps; set bootstraps to 0"),
        ("star", 0, "RSEM with STAR requires a genome and a GTF; give both"),
    ],
)
def test_quantify__refuses_before_reads_are_read(  # noqa: PLR0917, two refusals of two functions
    tmp_path, make_sample, monkeypatch, quantify, aligner, bootstraps, words
):
    """Neither the reads nor the transcripts exist: to say so would come later."""
    monkeypatch.setattr(Rsem, "version", lambda _: "1.3.3")
    with pytest.raises(InputError, match=words):
        quantify(
            [make_sample(tmp_path / "absent_1.fq", tmp_path / "absent_2.fq")],
            quantifier=Rsem(aligner=aligner),
            reference=Reference(transcripts=tmp_path / "absent.fa"),
            out=tmp_path / "out",
            settings=Settings(cache=tmp_path / "cache", bootstraps=bootstraps),
        )


@pytest.mark.parametrize("place", ["reads", "out", "cache", "gtf"])
@pytest.mark.parametrize("sign", [" ", ",", ";", "'", "$", "&"])
def test_quantify__rsem_is_given_plain_paths_alone(tmp_path, make_sample, monkeypatch, place, sign):
    """It hands them to a shell as they are; refused before anything is read."""
    monkeypatch.setattr(Rsem, "version", lambda _: "1.3.3")
    paths = {name: tmp_path / name for name in ("reads", "out", "cache", "gtf")}
    paths[place] = tmp_path / f"a{sign}b"
    with pytest.raises(
        InputError, match=re.escape(f"a{sign}b: RSEM does not support {sign!r} in a path")
    ):
        quantify_samples(
            [make_sample(paths["reads"])],
            quantifier=Rsem(),
            reference=Reference(transcripts=tmp_path / "absent, as yet.fa", gtf=paths["gtf"]),
            out=paths["out"],
            settings=Settings(cache=paths["cache"]),
        )


@pytest.fixture
def require_match(make_sample, transcripts, tmp_path):
    """Hold reads against the transcripts, as the gate does before quantification."""

    def require_match(files):
        cache = tmp_path / "cache"
        prepared = prepare_reference(transcripts, cache=cache).transcripts
        sample = make_sample(*files)
        strand = infer_strandedness(sample, transcripts=prepared, cache=cache)
        _require_match(sample, strand, Limits())

    return require_match


@pytest.mark.parametrize("bases", [31, 36, 50])
def test_require_match__short_reads_of_the_transcripts_pass(
    make_reads, require_match, caplog, bases
):
    require_match(make_reads(read_length=bases, n_fragments=4_000))
    assert "too few" not in caplog.text


def test_require_match__too_short_to_tell_is_said(make_reads, require_match, caplog):
    require_match(make_reads(read_length=30))
    assert (
        "S1: only 0 of the first 3000 reads could be compared with the transcripts" in caplog.text
    )


def test_require_match__foreign_short_reads_are_refused(require_match, write_gz):
    rng = np.random.default_rng(8)
    reads = ("".join(rng.choice(list("ACGT"), 36)) for _ in range(2_000))
    text = "".join(f"@{n}\n{read}\n+\n{'I' * 36}\n" for n, read in enumerate(reads))
    words = (
        r"'S1': of the first 2,000 reads, \d+ could be compared .* but only 0 of these match "
        "a transcript; the required fraction is >= 0.1; check that the sample and the reference"
    )
    with pytest.raises(RefusedError, match=words):
        require_match([write_gz("foreign.fastq.gz", text.encode())])
