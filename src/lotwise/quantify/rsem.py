"""RSEM (Li and Dewey 2011, 10.1186/1471-2105-12-323) with bowtie, bowtie2 or STAR."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from lotwise.config import Aligner
from lotwise.errors import InputError
from lotwise.quantify.base import Abundance, Command, Job, Quantifier, read_columns
from lotwise.quantify.program import Call, ask_version, find_program
from lotwise.quantify.reference import unpack

if TYPE_CHECKING:
    from lotwise.quantify.reference import Prepared, Reference

logger = logging.getLogger(__name__)

_STRAND: Final = {"unstranded": "none", "forward": "forward", "reverse": "reverse"}
_STAR_INPUT: Final = re.compile(r"Number of input reads \|\s+(\d+)")
_ALIGNER_PROGRAM: Final = {"bowtie": "bowtie", "bowtie2": "bowtie2", "star": "STAR"}
# bowtie's programs print their path first, which may contain another version.
ALIGNER_VERSION: Final = {
    "bowtie": r"version (\d\S*)",
    "bowtie2": r"version (\d\S*)",
    "star": r"(\d\S*)",
}
_ALIGNER_FILES: Final = {
    "bowtie": ("rsem.1.ebwt*", "rsem.rev.2.ebwt*"),
    "bowtie2": ("rsem.1.bt2*", "rsem.rev.2.bt2*"),
    "star": ("Genome", "SA", "SAindex"),
}
_NOT_PLAIN: Final = re.compile(r"[^\w.+/@%=:-]", re.ASCII)
# https://github.com/BenLangmead/bowtie2/issues/420; fixed in 2.5.1.
_BOWTIE2_LOSING_PAIRS: Final = "2.5.0"


@dataclass(frozen=True, kw_only=True)
class Rsem(Quantifier):
    """RSEM: alignment, followed by expectation maximisation.

    Attributes
    ----------
    program
        Path of ``rsem-calculate-expression``; ``rsem-prepare-reference`` is expected in the same
        folder. By default both are searched in PATH, as is the aligner in any case.
    aligner
        ``bowtie2`` and ``bowtie`` (RSEM's own default) align to the transcripts. ``star`` aligns
        to the genome and requires the reference's genome and GTF. bowtie2 2.5.0 loses pairs that
        it should align: a warning is logged.
    """

    name: ClassVar[str] = "rsem"
    own_arguments: ClassVar[frozenset[str]] = frozenset(
        [
            "-p",
            "--num-threads",
            "--seed",
            "--strandedness",
            "--no-bam-output",
            "--temporary-folder",
            "--bowtie2",
            "--star",
            "--star-gzipped-read-file",
            "--fragment-length-mean",
            "--fragment-length-sd",
            "--paired-end",
        ]
    )
    program: Path | None = None
    aligner: Aligner = "bowtie2"
    extra: tuple[str, ...] = ()

    def find(self, name: str = "rsem-calculate-expression") -> Path:
        """Return the path of one of RSEM's programs."""
        configured = self.program.with_name(name) if self.program is not None else None
        install = "install RSEM (bioconda and apt: rsem) or configure its path"
        return find_program(name, configured=configured, install=install)

    def find_aligner(self) -> Path:
        """Return the path of bowtie, bowtie2 or STAR in PATH."""
        program = _ALIGNER_PROGRAM[self.aligner]
        install = "install it (apt: bowtie, bowtie2, rna-star; bioconda: bowtie, bowtie2, star)"
        return find_program(program, configured=None, install=install)

    def version(self) -> str:
        """Return the versions of RSEM and the aligner."""
        rsem = ask_version((self.find(), "--version"), r"RSEM v?(\d\S*)")
        return f"{rsem} ({self.aligner} {self.aligner_version()})"

    def aligner_version(self) -> str:
        """Return the version of the aligner."""
        return ask_version((self.find_aligner(), "--version"), ALIGNER_VERSION[self.aligner])

    def options(self) -> Mapping[str, object]:
        """Return the options that change the index."""
        return {"aligner": self.aligner}

    def require_able(self, reference: Reference, *, bootstraps: int = 0) -> None:
        """Raise an error for bootstraps, and for STAR without a genome or a GTF."""
        if bootstraps:
            raise InputError(
                "RSEM does not compute bootstraps",
                remedy="set bootstraps to 0, or quantify with kallisto or salmon",
            )
        if self.aligner == "star" and (reference.genome is None or reference.gtf is None):
            raise InputError(
                "RSEM with STAR requires a genome and a GTF",
                remedy="give both, or use bowtie2, which requires only the transcripts",
            )

    def require_paths(self, paths: Iterable[Path]) -> None:
        """Raise an error for characters that a shell would interpret: RSEM does not quote paths.

        A comma would separate the files of several runs.
        """
        for path in paths:
            foreign = _NOT_PLAIN.search(str(path))
            if foreign:
                raise InputError(
                    f"RSEM does not support {foreign.group()!r} in a path, because RSEM passes "
                    "paths to a shell without quotation marks",
                    path=path,
                    remedy="rename the path, or make a link whose path has only letters, digits "
                    "and . _ + - /, or quantify with kallisto or salmon",
                )

    def index_commands(
        self, reference: Reference, prepared: Prepared, directory: Path, *, threads: int
    ) -> list[Command]:
        """Return the command ``rsem-prepare-reference``."""
        command: list[str | Path] = [
            self.find("rsem-prepare-reference"), f"--{self.aligner}", "-p", str(threads),
        ]  # fmt: skip
        self.require_able(reference)
        if self.aligner == "star" and reference.genome is not None and reference.gtf is not None:
            genome = unpack(reference.genome, directory / "inputs" / "genome.fa")
            gtf = unpack(reference.gtf, directory / "inputs" / "genes.gtf")
            return [[*command, "--gtf", gtf, genome, directory / "rsem"]]
        if prepared.tx2gene is not None:
            # In RSEM's map the gene comes first.
            genes = directory / "inputs" / "transcript_to_gene.tsv"
            pairs = (line.split("\t") for line in prepared.tx2gene.read_text("ascii").splitlines())
            genes.write_text("".join(f"{gene}\t{name}\n" for name, gene in pairs), "ascii")
            command += ["--transcript-to-gene-map", genes]
        return [[*command, prepared.transcripts, directory / "rsem"]]

    def index_files(self) -> tuple[str, ...]:
        """Return the files that RSEM reads, and the aligner's files; large ones end in l."""
        names = ("rsem.grp", "rsem.ti", "rsem.seq", "rsem.idx.fa")
        return (*names, *_ALIGNER_FILES[self.aligner])

    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Return the command ``rsem-calculate-expression``."""
        command: list[str | Path] = [
            self.find(), "-p", str(job.threads), "--seed", str(job.seed),
            "--strandedness", _STRAND[job.strandedness], "--no-bam-output",
            "--temporary-folder", directory / "temporary",
        ]  # fmt: skip
        if self.aligner != "bowtie":  # RSEM's default
            command.append(f"--{self.aligner}")
        if self.aligner == "star" and job.first_mates[0].suffix == ".gz":
            command.append("--star-gzipped-read-file")
        if not job.is_paired:
            mean, sd = job.fragment
            command += ["--fragment-length-mean", f"{mean:g}", "--fragment-length-sd", f"{sd:g}"]
        mates = (job.first_mates, job.second_mates) if job.is_paired else (job.first_mates,)
        if job.is_paired:
            command.append("--paired-end")
        files = [",".join(map(str, files)) for files in mates]
        return [*command, *self.extra, *files, index / "rsem", directory / job.sample.sample]

    def quantify(
        self, job: Job, *, index: Path, out: Path, n_isoforms: int, log: Path
    ) -> tuple[Call, Abundance]:
        """Quantify like :meth:`Quantifier.quantify`; warn of a bowtie2 version that loses pairs."""
        affected = self.aligner == "bowtie2" and job.is_paired
        if affected and self.aligner_version() == _BOWTIE2_LOSING_PAIRS:
            logger.warning(
                "sample %s: bowtie2 %s loses pairs that it should align (docs/reads.md); "
                "use another version of bowtie2, or the aligner bowtie",
                job.sample.sample,
                _BOWTIE2_LOSING_PAIRS,
            )
        return super().quantify(job, index=index, out=out, n_isoforms=n_isoforms, log=log)

    def n_isoforms(self, prepared: Prepared, index: Path) -> int:
        """Return the number of isoforms in the index: with STAR, those of the GTF."""
        if self.aligner != "star":
            return super().n_isoforms(prepared, index)
        first_line = (index / "rsem.ti").read_text(encoding="ascii").partition("\n")[0]
        return int(first_line.split()[0])

    def read(self, directory: Path) -> Abundance:
        """Read ``*.isoforms.results`` and the counts in ``*.stat``."""
        results = sorted(directory.glob("*.isoforms.results"))
        if len(results) != 1:
            raise InputError(
                f"contains {len(results)} isoforms.results files, but must contain exactly one",
                path=directory,
            )
        names, columns = read_columns(results[0], ("expected_count", "TPM"))
        sample = results[0].name.removesuffix(".isoforms.results")
        n_alignable, n_total = _read_statistics(directory, sample)
        return Abundance(
            names=names,
            tpm=columns["TPM"],
            counts=columns["expected_count"],
            n_processed=n_total,
            n_used=n_alignable,
        )


def _read_statistics(directory: Path, sample: str) -> tuple[int, int]:
    """Return the number of fragments that RSEM assigned, and that the aligner read."""
    statistics = directory / f"{sample}.stat" / f"{sample}.cnt"
    try:
        first_line = statistics.read_text(encoding="ascii").splitlines()[0]
        # Counts of unalignable, alignable and over-aligned fragments, and their sum.
        _, n_alignable, _, n_total = (int(number) for number in first_line.split())
        aligner_log = (directory / f"{sample}.log").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError, IndexError) as error:
        raise InputError(
            f"{statistics.name} is missing or truncated ({error})", path=statistics
        ) from error
    # RSEM's sum excludes what STAR did not align to transcripts; STAR's own log has all.
    found = _STAR_INPUT.search(aligner_log)
    return n_alignable, int(found.group(1)) if found else n_total
