"""Command lines of the quantifiers; the programs themselves run in tests/quantify_real."""

import dataclasses
import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import EnvironmentFault, InputError
from lotwise.quantify import Job, Kallisto, Reference, Rsem, Salmon, prepare_reference
from lotwise.quantify.kallisto import find_in_wheel
from lotwise.samples import Run, Sample

INDEX, OUT = Path("INDEX"), Path("OUT")


def job(*, paired=True, n_runs=1, strandedness="unstranded", bootstraps=0, fragment=(None, None)):
    runs = tuple(
        Run(fastq_1=Path(f"{n}_1.fq.gz"), fastq_2=Path(f"{n}_2.fq.gz") if paired else None)
        for n in range(n_runs)
    )
    mean, sd = fragment
    sample = Sample(sample="S", batch="A", runs=runs, fragment_length=mean, fragment_sd=sd)
    return Job(sample=sample, strandedness=strandedness, threads=3, bootstraps=bootstraps)


@pytest.fixture
def tool(tmp_path):
    """A program that is there and prints every version."""
    path = tmp_path / "rsem-calculate-expression"
    path.write_text(
        "#!/bin/sh\necho kallisto, version 0.51.1; echo salmon 2.3.2; echo RSEM v1.3.3\n"
    )
    path.chmod(0o755)
    return path


def told(quantifier, **fields):
    return [str(part) for part in quantifier.quant_command(job(**fields), INDEX, OUT)][1:]


@pytest.mark.parametrize(
    ("strandedness", "flags"),
    [
        ("unstranded", (None, "IU", "U", "none")),
        ("forward", ("--fr-stranded", "ISF", "SF", "forward")),
        ("reverse", ("--rf-stranded", "ISR", "SR", "reverse")),
    ],
)
def test_quant_command__strandedness(tool, strandedness, flags):
    kallisto, salmon, single, rsem = flags
    said = told(Kallisto(program=tool), strandedness=strandedness)
    assert {"--fr-stranded", "--rf-stranded"} & set(said) == ({kallisto} if kallisto else set())
    said = told(Salmon(program=tool), strandedness=strandedness)
    assert said[said.index("-l") + 1] == salmon
    said = told(Salmon(program=tool), strandedness=strandedness, paired=False, fragment=(200, 20))
    assert said[said.index("-l") + 1] == single
    said = told(Rsem(program=tool), strandedness=strandedness)
    assert said[said.index("--strandedness") + 1] == rsem


@pytest.mark.parametrize("quantifier", [Kallisto, Salmon, Rsem])
def test_quant_command__a_file_that_begins_with_a_dash_is_no_option(tool, quantifier):
    run = Run(fastq_1=Path("-t_1.fq.gz"), fastq_2=Path("-t_2.fq.gz"))
    sample = Sample(sample="S", batch="A", runs=(run,))
    dashed = Job(sample=sample, strandedness="unstranded")
    said = [str(part) for part in quantifier(program=tool).quant_command(dashed, INDEX, OUT)]
    assert not [word for word in said if word.startswith("-t_")]
    assert str(Path("-t_1.fq.gz").absolute()) in said


@pytest.mark.parametrize(
    ("aligner", "printed"),
    [
        ("bowtie2", "/opt/bowtie2-2.5.0-linux/bowtie2-align-s version 2.5.4"),
        ("bowtie", "/opt/bowtie-1.2/bowtie-align-s version 2.5.4"),
        ("star", "2.5.4"),
    ],
)
def test_aligner_version__is_not_that_of_its_folder(tmp_path, monkeypatch, aligner, printed):
    program = tmp_path / {"star": "STAR"}.get(aligner, aligner)
    program.write_text(f"#!/bin/sh\necho '{printed}'\necho 64-bit; echo 'Built with gcc 9.3.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert Rsem(aligner=aligner).aligner_version() == "2.5.4"


def test_quant_command__runs_are_joined_in_step(tool):
    said = told(Kallisto(program=tool), n_runs=2)
    assert said[-4:] == ["0_1.fq.gz", "0_2.fq.gz", "1_1.fq.gz", "1_2.fq.gz"]
    said = told(Salmon(program=tool), n_runs=2)
    assert said[-6:] == ["-1", "0_1.fq.gz", "1_1.fq.gz", "-2", "0_2.fq.gz", "1_2.fq.gz"]
    said = told(Rsem(program=tool), n_runs=2)
    assert said[-4:-2] == ["0_1.fq.gz,1_1.fq.gz", "0_2.fq.gz,1_2.fq.gz"]


@pytest.mark.parametrize("quantifier", [Kallisto, Salmon, Rsem])
def test_quant_command__no_file_is_taken_for_an_option(tool, quantifier):
    runs = (Run(fastq_1=Path("-o_1.fq"), fastq_2=Path("-o_2.fq")),)
    made = dataclasses.replace(job(), sample=Sample(sample="S", batch="A", runs=runs))
    words = [str(part) for part in quantifier(program=tool).quant_command(made, INDEX, OUT)]
    files = [word for word in words if word.endswith("-o_1.fq")]
    assert files == [str(Path.cwd() / "-o_1.fq")]


def test_quant_command__single_reads_have_fragments(tool):
    single = {"paired": False, "fragment": (250.0, 10.0)}
    assert told(Kallisto(program=tool), **single)[-6:-1] == ["--single", "-l", "250", "-s", "10"]
    assert told(Salmon(program=tool), **single)[-6:-2] == ["--fldMean", "250", "--fldSD", "10"]
    said = told(Rsem(program=tool), **single)
    assert said[said.index("--fragment-length-mean") + 1] == "250"
    assert "--paired-end" not in said


@pytest.mark.parametrize("quantifier", [Kallisto, Salmon, Rsem])
def test_quant_command__single_reads_without_fragments_are_refused(tool, quantifier):
    with pytest.raises(
        InputError, match=r"'S' has single-end reads, .*give 'fragment_length' and 'fragment_sd'"
    ):
        told(quantifier(program=tool), paired=False, fragment=(250.0, None))


def test_quant_command__bootstraps(tool):
    assert {"-b", "30", "--seed", "42"} <= set(told(Kallisto(program=tool), bootstraps=30))
    assert "--numBootstraps" in told(Salmon(program=tool), bootstraps=30)
    reference = Reference(transcripts=Path("t.fa"))
    Kallisto(program=tool).require_able(reference, bootstraps=30)
    with pytest.raises(InputError, match=r"RSEM does not compute bootstraps"):
        Rsem(program=tool).require_able(reference, bootstraps=30)


def test_version__is_read_from_what_the_program_prints(tool):
    assert Kallisto(program=tool).version() == "0.51.1"
    assert Salmon(program=tool).version() == "2.3.2"


@pytest.mark.parametrize("version", ["1.10.1", "2.0.0", "2.3.2"])
def test_version__of_both_families_of_salmon(tool, version):
    """The indexes of 1.x and 2.x are not each other's; the version in the key parts them."""
    tool.write_text(f"#!/bin/sh\necho salmon {version}\n")
    assert Salmon(program=tool).version() == version


@pytest.mark.parametrize(
    ("aligner", "flags"), [("bowtie", set()), ("bowtie2", {"--bowtie2"}), ("star", {"--star"})]
)
def test_quant_command__aligner(tool, aligner, flags):
    """RSEM has no option for its own default, bowtie."""
    said = told(Rsem(program=tool, aligner=aligner))
    assert {"--bowtie", "--bowtie2", "--star"} & set(said) == flags


@pytest.mark.parametrize(
    "case", [("bowtie2", "2.5.0", True), ("bowtie2", "2.5.4", False), ("bowtie", "1.3.1", False)]
)
def test_rsem__warns_of_a_bowtie2_that_loses_pairs(tool, case, monkeypatch, tmp_path, caplog):
    aligner, version, warned = case
    (tmp_path / aligner).write_text(f"#!/bin/sh\necho {aligner}-align-s version {version}\n")
    (tmp_path / aligner).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    rsem = Rsem(program=tool, aligner=aligner)
    assert rsem.version() == f"1.3.3 ({aligner} {version})"
    # The tool leaves nothing, which comes after the warning.
    with pytest.raises(InputError, match="result is incomplete"):
        rsem.quantify(job(), index=INDEX, out=tmp_path / "out", n_isoforms=1, log=tmp_path / "log")
    assert ("loses pairs that it should align" in caplog.text) == warned


def test_index__another_version_is_another_index(tool, tmp_path, transcripts):
    prepared = prepare_reference(transcripts, cache=tmp_path)
    made = []
    for version in ("0.50.0", "0.51.1"):
        tool.write_text(
            f"#!/bin/sh\n[ $1 = version ] && echo kallisto, version {version} && exit\n"
            'while [ $# -gt 1 ]; do [ "$1" = -i ] && echo made > "$2"; shift; done\n'
        )
        made.append(
            Kallisto(program=tool).index(
                Reference(transcripts=transcripts),
                prepared,
                cache=tmp_path,
                threads=1,
                log=tmp_path / "log",
            )
        )
    assert made[0] != made[1]
    assert (made[1] / "kallisto.idx").read_text() == "made\n"


@pytest.mark.parametrize(
    ("quantifier", "left", "absent"),
    [
        (Kallisto, ": > $out/kallisto.idx", "kallisto.idx"),
        (Salmon, "mkdir $out/salmon; echo made > $out/salmon/info.json", "salmon/ctable.bin"),
        (Rsem, "echo made > $out/rsem.grp; echo made > $out/rsem.1.bt2", "rsem.rev.2.bt2"),
    ],
)
def test_index__half_of_one_is_not_kept(  # noqa: PLR0917, three programs
    tool, tmp_path, transcripts, monkeypatch, quantifier, left, absent
):
    """A program that ends with 0 and leaves a part of its index would fail in every later run."""
    versions = "kallisto, version 0.51.1; echo salmon 1.10.1; echo RSEM v1.3.3; echo version 2.5.4"
    tool.write_text(
        f'#!/bin/sh\ncase "$*" in *ersion) echo {versions}; exit;; esac\n'
        f"out=$(ls -d {tmp_path}/cache/.*-* | tail -n 1)\n{left}\n"
    )
    for name in ("bowtie2", "rsem-prepare-reference"):
        (tmp_path / name).symlink_to(tool)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    cache = tmp_path / "cache"
    with pytest.raises(
        EnvironmentFault, match=f"the index is not complete; missing files: .*{absent}"
    ):
        quantifier(program=tool).index(
            Reference(transcripts=transcripts),
            prepare_reference(transcripts, cache=tmp_path),
            cache=cache,
            threads=1,
            log=tmp_path / "log",
        )
    assert not [path for path in cache.iterdir() if path.is_dir()]


def damaged(folder, kind):
    """A genome whose gzip is cut, or has one bit turned in the middle."""
    bases = "".join(np.random.default_rng(3).choice(list("ACGT"), 90_000))
    packed = bytearray(gzip.compress(f">chr1\n{bases}\n".encode()))
    if kind == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2] ^= 16
    path = folder / "genome.fa.gz"
    path.write_bytes(packed)
    return path


@pytest.mark.parametrize("kind", ["cut", "turned"])
@pytest.mark.parametrize("quantifier", [Salmon(), Rsem(aligner="star")])
def test_index_commands__a_damaged_genome_is_named(tool, tmp_path, transcripts, quantifier, kind):
    (tmp_path / "rsem-prepare-reference").symlink_to(tool)
    (tmp_path / "inputs").mkdir()
    genome = damaged(tmp_path, kind)
    with pytest.raises(InputError, match=r"genome.fa.gz: (cannot be read to its end|is not FASTA)"):
        dataclasses.replace(quantifier, program=tool).index_commands(
            Reference(transcripts=transcripts, genome=genome, gtf=transcripts),
            prepare_reference(transcripts, cache=tmp_path),
            tmp_path,
            threads=1,
        )


@pytest.mark.parametrize("kind", ["cut", "turned"])
def test_prepare_reference__a_damaged_fasta_is_named(tmp_path, kind):
    with pytest.raises(InputError, match=r"genome.fa.gz: (cannot be read to its end|is not FASTA)"):
        prepare_reference(damaged(tmp_path, kind), cache=tmp_path)


def test_index_commands__gzip_is_known_by_its_content(tool, tmp_path, transcripts):
    (tmp_path / "rsem-prepare-reference").symlink_to(tool)
    (tmp_path / "inputs").mkdir()
    genome = tmp_path / "genome.fa"
    genome.write_bytes(gzip.compress(b">chr1\nACGT\n"))
    ((*_, given, _),) = Rsem(program=tool, aligner="star").index_commands(
        Reference(transcripts=transcripts, genome=genome, gtf=transcripts),
        prepare_reference(transcripts, cache=tmp_path),
        tmp_path,
        threads=1,
    )
    assert given.read_bytes() == b">chr1\nACGT\n"


def test_index_commands__a_decoy_named_as_a_transcript_is_refused(tool, tmp_path, transcripts):
    (tmp_path / "inputs").mkdir()
    with pytest.raises(
        InputError, match=r"contains the sequence '\w+', but a transcript has the same name"
    ):
        Salmon(program=tool).index_commands(
            Reference(transcripts=transcripts, genome=transcripts),
            prepare_reference(transcripts, cache=tmp_path),
            tmp_path,
            threads=1,
        )


def test_kallisto__is_found_in_the_wheel_without_importing_it(monkeypatch, tmp_path):
    shipped = find_in_wheel()
    if shipped is None:
        pytest.skip("the kb-python wheel has no kallisto for this machine")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Kallisto().find() == shipped
    assert Kallisto().version()
    assert "kb_python" not in sys.modules


def test_kallisto__on_path_comes_before_the_wheel(monkeypatch, tool, tmp_path):
    path = tmp_path / "bin"
    path.mkdir()
    (path / "kallisto").symlink_to(tool)
    monkeypatch.setenv("PATH", str(path))
    assert Kallisto().find() == path / "kallisto"


def old_kallisto(folder):
    """What apt installs on Debian 12, by what it prints."""
    folder.mkdir()
    path = folder / "kallisto"
    path.write_text("#!/bin/sh\necho kallisto, version 0.48.0\n")
    path.chmod(0o755)
    return path


def test_kallisto__in_the_wheel_comes_before_one_on_path_that_is_too_old(monkeypatch, tmp_path):
    shipped = tmp_path / "shipped"
    shipped.write_text("#!/bin/sh\necho kallisto, version 0.51.1\n")
    shipped.chmod(0o755)
    monkeypatch.setenv("PATH", str(old_kallisto(tmp_path / "bin").parent))
    monkeypatch.setattr("lotwise.quantify.kallisto.find_in_wheel", lambda: shipped)
    assert Kallisto().find() == shipped
    assert Kallisto().version() == "0.51.1"


def test_kallisto__too_old_and_alone_says_what_to_do(monkeypatch, tmp_path):
    old = old_kallisto(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setattr("lotwise.quantify.kallisto.find_in_wheel", lambda: None)
    words = (
        r"bin/kallisto: is kallisto 0\.48\.0, but version 0\.50 or later is required; .*bioconda"
    )
    with pytest.raises(EnvironmentFault, match=words):
        Kallisto().find()
    with pytest.raises(EnvironmentFault, match=words):
        Kallisto(program=old).version()


def test_kallisto__on_a_machine_without_one_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(
        EnvironmentFault, match=r"wheel is not installed or has no kallisto for \w+ riscv64"
    ):
        Kallisto().find()


def test_rsem__star_needs_genome_and_gtf(tool, tmp_path, transcripts):
    (tmp_path / "rsem-prepare-reference").symlink_to(tool)
    with pytest.raises(InputError, match=r"RSEM with STAR requires a genome and a GTF"):
        Rsem(program=tool, aligner="star").index_commands(
            Reference(transcripts=transcripts),
            prepare_reference(transcripts, cache=tmp_path),
            tmp_path,
            threads=1,
        )
