"""Checks of the programs that lotwise starts: presence and version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lotwise.acquire.sra import has_toolkit
from lotwise.config import Config
from lotwise.doctor.finding import Finding
from lotwise.errors import LotwiseError
from lotwise.quantify.kallisto import Kallisto
from lotwise.quantify.program import ask_version, find_program
from lotwise.quantify.rsem import ALIGNER_VERSION

_APT: Final = "install it: apt and bioconda have {package}"


def needed_programs(config: Config) -> frozenset[str]:
    """Return the names of the programs that a run starts.

    Examples
    --------
    >>> sorted(needed_programs(Config(source="reads", reads={"quantifier": "rsem"})))
    ['bowtie2', 'rsem', 'samtools']
    >>> sorted(needed_programs(Config(source="quant")))
    []
    """
    if config.source == "quant" or (
        config.source == "accession" and config.acquire.route != "reads"
    ):
        return frozenset()
    if config.reads.quantifier != "rsem":
        return frozenset({config.reads.quantifier})
    return frozenset({"rsem", config.reads.aligner, "samtools"})


def examine_programs(config: Config) -> Iterator[Finding]:
    """Check every program that lotwise can use; only those of this run are required."""
    needed = needed_programs(config)
    for name, (program, question, pattern, package) in _PROGRAMS.items():
        configured = config.reads.program if name == config.reads.quantifier else None
        try:
            if name == "kallisto":
                kallisto = Kallisto(program=configured)
                path, version = kallisto.find(), kallisto.version()
            else:
                remedy = _APT.format(package=package)
                path = find_program(program, configured=configured, install=remedy)
                version = ask_version((path, question), pattern)
        except LotwiseError as fault:
            yield Finding(
                check="program",
                subject=name,
                state="missing" if name in needed else "unused",
                found=fault.problem,
                remedy=(fault.remedy or "install it again") if name in needed else "",
            )
        else:
            yield Finding(check="program", subject=name, state="ok", found=f"{version} ({path})")
    yield _examine_toolkit(config)


def _examine_toolkit(config: Config) -> Finding:
    """Check for the SRA toolkit; only runs without FASTQ at ENA need it."""
    fetches_reads = config.source == "accession" and config.acquire.route == "reads"
    if has_toolkit():
        return Finding(check="program", subject="sra-tools", state="ok", found="it is on PATH")
    return Finding(
        check="program",
        subject="sra-tools",
        state="warning" if fetches_reads else "unused",
        found="prefetch and fasterq-dump are not both in PATH",
        remedy="install sra-tools if ENA has no FASTQ of a run" if fetches_reads else "",
    )


# Name -> program, argument for its version, pattern of the version, package.
_PROGRAMS: Final[dict[str, tuple[str, str, str, str]]] = {
    "kallisto": ("kallisto", "version", r"version (\S+)", "kallisto"),
    "salmon": ("salmon", "--version", r"salmon\s+v?(\d\S*)", "salmon"),
    "rsem": ("rsem-calculate-expression", "--version", r"RSEM v?(\d\S*)", "rsem"),
    "bowtie": ("bowtie", "--version", ALIGNER_VERSION["bowtie"], "bowtie"),
    "bowtie2": ("bowtie2", "--version", ALIGNER_VERSION["bowtie2"], "bowtie2"),
    "star": ("STAR", "--version", ALIGNER_VERSION["star"], "rna-star (bioconda: star)"),
    "samtools": ("samtools", "--version", r"samtools (\d\S*)", "samtools"),
}
