"""salmon (Patro et al. 2017, 10.1038/nmeth.4197), 1.x and 2.x.

Both accept the options used here (2.x according to its migration guide). Their indexes are not
compatible; the version in the cache key separates them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from lotwise.errors import InputError
from lotwise.quantify.base import Abundance, Command, Job, Quantifier, read_columns
from lotwise.quantify.program import ask_version, find_program
from lotwise.quantify.reference import read_fasta

if TYPE_CHECKING:
    from lotwise.quantify.reference import Prepared, Reference

_PAIRED: Final = {"unstranded": "IU", "forward": "ISF", "reverse": "ISR"}
_SINGLE: Final = {"unstranded": "U", "forward": "SF", "reverse": "SR"}


@dataclass(frozen=True, kw_only=True)
class Salmon(Quantifier):
    """salmon: selective alignment.

    The result varies slightly with the number of threads.

    Attributes
    ----------
    program
        Path of the binary; by default searched in PATH.
    k
        k-mer length of the index, odd.
    extra
        Additional arguments of ``salmon quant``, such as ``--gcBias``.
    """

    name: ClassVar[str] = "salmon"
    own_arguments: ClassVar[frozenset[str]] = frozenset(
        [
            "-i",
            "--index",
            "-l",
            "--libType",
            "-o",
            "--output",
            "-p",
            "--threads",
            "-r",
            "-1",
            "-2",
            "--numBootstraps",
            "--fldMean",
            "--fldSD",
        ]
    )
    program: Path | None = None
    k: int = 31
    extra: tuple[str, ...] = ()

    def find(self) -> Path:
        """Return the binary: configured or in PATH."""
        install = "install salmon (bioconda and apt: salmon) or configure its path"
        return find_program("salmon", configured=self.program, install=install)

    def version(self) -> str:
        """Return the version of salmon."""
        return ask_version((self.find(), "--version"), r"salmon\s+v?(\d\S*)")

    def options(self) -> Mapping[str, object]:
        """Return the options that change the index."""
        return {"k": self.k, "keepDuplicates": True}

    def index_commands(
        self, reference: Reference, prepared: Prepared, directory: Path, *, threads: int
    ) -> list[Command]:
        """Return the command ``salmon index``; transcripts with equal sequences are all kept.

        If the reference has a genome, its sequences are the decoys, to which reads from outside
        the transcripts align.
        """
        command: list[str | Path] = [
            self.find(), "--no-version-check", "index", "-k", str(self.k), "-p", str(threads),
            "--keepDuplicates", "-i", directory / "salmon",
        ]  # fmt: skip
        if reference.genome is None:
            return [[*command, "-t", prepared.transcripts]]
        together, names = (directory / "inputs" / n for n in ("together.fa", "decoys.txt"))
        _append_decoys(prepared.transcripts, reference.genome, together, names)
        return [[*command, "-t", together, "-d", names]]

    def index_files(self) -> tuple[str, ...]:
        """Return the files that salmon 1.x reads; for 2.x any file."""
        if not self.version().startswith("1."):
            return ("salmon/*",)
        names = ("versionInfo.json", "info.json", "ctable.bin", "mphf.bin", "pos.bin", "seq.bin")
        return tuple(f"salmon/{name}" for name in names)

    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Return the command ``salmon quant``."""
        library = (_PAIRED if job.is_paired else _SINGLE)[job.strandedness]
        command: list[str | Path] = [
            self.find(), "--no-version-check", "quant", "-i", index / "salmon", "-l", library,
            "-p", str(job.threads), "-o", directory, *self.extra,
        ]  # fmt: skip
        if job.bootstraps:
            command += ["--numBootstraps", str(job.bootstraps)]
        if not job.is_paired:
            mean, sd = job.fragment
            return [*command, "--fldMean", f"{mean:g}", "--fldSD", f"{sd:g}", "-r",
                    *job.first_mates]  # fmt: skip
        return [*command, "-1", *job.first_mates, "-2", *job.second_mates]

    def read(self, directory: Path) -> Abundance:
        """Read ``quant.sf`` and ``aux_info/meta_info.json``."""
        names, columns = read_columns(directory / "quant.sf", ("TPM", "NumReads"))
        path = directory / "aux_info" / "meta_info.json"
        try:
            meta_info = json.loads(path.read_text(encoding="utf-8"))
            n_processed, n_used = int(meta_info["num_processed"]), int(meta_info["num_mapped"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"meta_info.json is missing or truncated ({error})", path=path
            ) from error
        return Abundance(
            names=names,
            tpm=columns["TPM"],
            counts=columns["NumReads"],
            n_processed=n_processed,
            n_used=n_used,
        )


def _append_decoys(transcripts: Path, decoys: Path, together: Path, names: Path) -> None:
    """Write transcripts followed by decoys, and the decoys' names, as salmon requires."""
    with (
        together.open("wb") as fasta,
        transcripts.open("rb") as plain,
        names.open("w", encoding="ascii") as listed,
    ):
        known = set()
        for line in plain:
            fasta.write(line)
            if line.startswith(b">"):
                known.add(line[1:-1].decode("ascii"))
        for header, sequence in read_fasta(decoys):
            name = header.partition(" ")[0]
            if name in known:
                raise InputError(
                    f"contains the sequence {name!r}, but a transcript has the same name",
                    path=decoys,
                    remedy="give the genome, not the transcripts",
                )
            listed.write(f"{name}\n")
            fasta.write(f">{name}\n{sequence}\n".encode("ascii"))
