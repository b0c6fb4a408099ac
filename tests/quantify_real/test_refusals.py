"""Whatever goes wrong is named, and no sheet of quantifications is left to correlate."""

import dataclasses
import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest

from lotwise.errors import EnvironmentFault, InputError, LotwiseError, RefusedError
from lotwise.quantify import (
    Job,
    Kallisto,
    Settings,
    judge_yields,
    prepare_reference,
    quantify_samples,
    require_usable,
)

# Here RSEM with STAR too.
pytestmark = pytest.mark.parametrize(
    "quantifier", ["kallisto", "salmon", "rsem", "rsem-star"], indirect=True, scope="session"
)


@pytest.fixture
def refuse(quantifier, reference, settings, tmp_path):
    """Quantify, and give the fault; nothing may be left that could be correlated."""

    def run(samples, *, fault=RefusedError, **changed):
        out = tmp_path / "results"
        with pytest.raises(fault) as caught:
            quantify_samples(
                samples,
                **{
                    "quantifier": quantifier,
                    "reference": reference,
                    "out": out,
                    "settings": settings,
                    **changed,
                },
            )
        assert not list(out.glob("quant/*/samples.tsv"))
        words = str(caught.value)
        assert "\n" not in words
        return words

    return run


def test_refuses__truncated_gzip(refuse, samples, replace_reads, repack):
    cut = repack(samples[0].runs[0].fastq_2, lambda text: text, cut=5_000)
    words = refuse([replace_reads(samples[0], fastq_2=cut), samples[1]])
    assert "sample 'lot1_rep1'" in words
    assert f"{cut.name}: is truncated" in words


def test_refuses__second_mates_fewer(refuse, samples, replace_reads, repack):
    short = repack(
        samples[1].runs[0].fastq_2, lambda text: b"".join(text.splitlines(keepends=True)[:20_000])
    )
    words = refuse([samples[0], replace_reads(samples[1], fastq_2=short)])
    assert "sample 'lot2_rep1'" in words
    assert "has 6,000 records" in words
    assert "has 5,000" in words


def test_refuses__mates_of_two_samples_exchanged(refuse, samples, replace_reads):
    mates = [sample.runs[0].fastq_2 for sample in samples]
    words = refuse(
        [
            replace_reads(samples[0], fastq_2=mates[1]),
            replace_reads(samples[1], fastq_2=mates[0]),
        ]
    )
    assert words.count("are not mates of one pair") == 2


def test_refuses__wrong_strand(refuse, samples):
    words = refuse([samples[0], dataclasses.replace(samples[1], strandedness="forward")])
    assert "sample 'lot2_rep1' is declared forward, but its reads are reverse" in words


def test_refuses__empty_fastq(refuse, samples, replace_reads, tmp_path):
    empty = tmp_path / "empty.fastq.gz"
    empty.write_bytes(gzip.compress(b""))
    words = refuse([samples[0], replace_reads(samples[1], fastq_1=empty, fastq_2=empty)])
    assert "empty.fastq.gz" in words
    other = tmp_path / "other.fastq.gz"
    other.write_bytes(gzip.compress(b""))
    words = refuse([samples[0], replace_reads(samples[1], fastq_1=empty, fastq_2=other)])
    assert "empty.fastq.gz: contains no reads" in words


def test_refuses__another_species(refuse, samples, simulate, reference_of):
    other = simulate(seed=99, n_genes=60, n_batches=2, n_fragments=2_000)
    words = refuse(samples, reference=reference_of(other))
    assert re.search(
        r"of the first 6,000 reads, [\d,]+ could be compared .* only 0 of these", words
    )
    assert "check that the sample and the reference are of the same species" in words


def test_refuses__a_name_twice_in_the_fasta(refuse, samples, small, reference, tmp_path):
    twice = tmp_path / "twice.fa"
    text = small.transcripts.read_text()
    twice.write_text(text + text[: text.index(">", 1)])
    words = refuse(
        samples, fault=InputError, reference=dataclasses.replace(reference, transcripts=twice)
    )
    assert "twice.fa: record" in words
    assert "has the same name 'LWT00000000001' as record 1" in words


def wrap(quantifier, tmp_path, body):
    """Put a script before the real program: it does ``body`` instead of quantifying."""
    real = quantifier.find()
    script = tmp_path / "bin" / real.name
    script.parent.mkdir(exist_ok=True)
    condition = '[ "$1" = quant ] || [ "$2" = quant ] || [ "$1" = -p ]'
    script.write_text(f'#!/bin/sh\nif {condition}; then {body}; fi\nexec "{real}" "$@"\n')
    script.chmod(0o755)
    prepare = real.with_name("rsem-prepare-reference")
    if prepare.exists():
        (script.parent / prepare.name).symlink_to(prepare)
    return dataclasses.replace(quantifier, program=script)


def test_refuses__the_tool_killed(refuse, quantifier, samples, tmp_path):
    killed = wrap(quantifier, tmp_path, "kill -9 $$")
    words = refuse(samples, fault=EnvironmentFault, quantifier=killed)
    assert "was killed by SIGKILL" in words
    assert Path(words.rpartition("see the log ")[2]).is_file()


def test_refuses__the_tool_ends_with_0_and_leaves_nothing(refuse, quantifier, samples, tmp_path):
    idle = wrap(quantifier, tmp_path, "exit 0")
    words = refuse(samples, fault=InputError, quantifier=idle)
    assert "ended with exit status 0, but the result is incomplete for sample 'lot1_rep1'" in words


def test_refuses__the_tool_missing(refuse, quantifier, samples, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lotwise.quantify.kallisto.find_in_wheel", lambda: None)
    words = refuse(samples, fault=EnvironmentFault)
    assert "there is no program" in words
    assert "install" in words


@pytest.fixture
def tiny_disk(tmp_path, monkeypatch, lack):
    """Mount 300 kB; only root can."""
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(mount)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        lack("needs the right to mount a tmpfs")
    monkeypatch.setattr("lotwise.quantify.program.PATIENCE_SECONDS", 3.0)
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_refuses__a_disk_that_fills_up(tiny_disk, quantifier, reference, settings, samples):
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    log = settings.cache / "log"
    index = quantifier.index(reference, prepared, cache=settings.cache, threads=2, log=log)
    (tiny_disk / "filler").write_bytes(bytes(292 << 10))
    job = Job(sample=samples[0], strandedness="reverse", threads=2)
    with pytest.raises(EnvironmentFault, match=r"the disk is full"):
        quantifier.quantify(
            job,
            index=index,
            out=tiny_disk / "lot1_rep1",
            n_isoforms=prepared.n_transcripts,
            log=log,
        )
    assert [path.name for path in tiny_disk.iterdir()] == ["filler"]


def test_refuses__a_disk_that_fills_up_leaves_nothing_to_correlate(
    tiny_disk, quantifier, reference, settings, samples
):
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    quantifier.index(
        reference, prepared, cache=settings.cache, threads=2, log=settings.cache / "log"
    )
    (tiny_disk / "filler").write_bytes(bytes(280 << 10))
    out = tiny_disk / "results"
    with pytest.raises(EnvironmentFault, match=r"the disk is full"):
        quantify_samples(
            samples, quantifier=quantifier, reference=reference, out=out, settings=settings
        )
    assert not [path for path in out.glob("quant/*/*") if path.suffix != ".json"]


def test_refuses__a_disk_that_fills_up_while_indexing(tiny_disk, quantifier, reference, settings):
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    (tiny_disk / "filler").write_bytes(bytes(280 << 10))
    with pytest.raises(EnvironmentFault, match=r"the disk is full"):
        quantifier.index(
            reference, prepared, cache=tiny_disk, threads=2, log=settings.cache / "log"
        )
    assert not [path for path in tiny_disk.iterdir() if path.is_dir()]


@pytest.fixture(params=["strand", "species"])
def unfit(request, simulate, reference, reference_of):
    """A strand or a reference that the reads of ``samples`` do not have."""
    if request.param == "strand":
        return "forward", reference
    other = simulate(seed=99, n_genes=60, n_batches=2, n_fragments=2_000)
    return "reverse", reference_of(other)


# kallisto and salmon end with a failure where they find nothing; RSEM ends with 0, but fails where
# STAR aligned reads to the genome of which none fits the strand.
NOTHING_ALIGNS = {
    "kallisto": "exit status 1: .*zero reads pseudoaligned",
    "salmon": "exit status 1: .*assign 0 fragments to transcripts",
    "rsem": "'lot1_rep1': .*all TPM are 0; 0 of 6,000 reads are used, a fraction of 0, required",
    "rsem-star, strand": "exit status 255: 'No valid read to estimate the length",
}


def test_refuses__also_by_the_yield_alone(request, quantifier, settings, samples, unfit):
    """What the look at the first reads may miss is seen in what the program used."""
    strandedness, reference = unfit
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    log = settings.cache / "log"
    index = quantifier.index(reference, prepared, cache=settings.cache, threads=2, log=log)

    def quantify_and_judge():
        _, abundance = quantifier.quantify(
            Job(sample=samples[0], strandedness=strandedness, threads=2),
            index=index,
            out=settings.cache / "alone",
            n_isoforms=prepared.n_transcripts,
            log=log,
        )
        require_usable(
            judge_yields(
                samples[:1],
                {"lot1_rep1": abundance},
                quantifier=quantifier.name,
                reads_present={"lot1_rep1": 6_000},
            )
        )

    case = request.node.callspec.params
    usual = NOTHING_ALIGNS[quantifier.name]
    words = NOTHING_ALIGNS.get(f"{case['quantifier']}, {case['unfit']}", usual)
    with pytest.raises(LotwiseError, match=words):
        quantify_and_judge()


def test_settings__cache_is_shared_by_samples_and_runs(samples, reference, settings, tmp_path):
    """The second run builds nothing: the index's files are the first run's."""
    own = Settings(cache=tmp_path / "cache")
    stamps = []
    for name in ("one", "two"):
        quantify_samples(
            samples, quantifier=Kallisto(), reference=reference, out=tmp_path / name, settings=own
        )
        stamps.append([path.stat().st_mtime_ns for path in own.cache.glob("*/*")])
    assert stamps[0] == stamps[1]
