"""kallisto (Bray et al. 2016, 10.1038/nbt.3519), the default quantifier."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from lotwise.errors import EnvironmentFault, InputError
from lotwise.quantify.base import Abundance, Command, Job, Quantifier, read_columns
from lotwise.quantify.program import ask_version, find_program

if TYPE_CHECKING:
    from lotwise.quantify.reference import Prepared, Reference

_OLDEST: Final = (0, 50)
_OLDEST_IN_WORDS: Final = "0.50"
_STRAND_FLAG: Final = {"forward": "--fr-stranded", "reverse": "--rf-stranded"}
# Location of the binaries in the kb-python wheel, by system and machine.
_IN_WHEEL: Final = {
    ("Linux", "x86_64"): "linux",
    ("Darwin", "x86_64"): "darwin",
    ("Darwin", "arm64"): "darwin/m1",
}


@dataclass(frozen=True, kw_only=True)
class Kallisto(Quantifier):
    """kallisto: pseudoalignment; the result does not depend on the number of threads.

    Attributes
    ----------
    program
        Path of the binary, 0.50 or later. By default: PATH, then the kb-python wheel.
    k
        k-mer length of the index, odd, at most 31.
    extra
        Additional arguments of ``kallisto quant``.
    """

    name: ClassVar[str] = "kallisto"
    own_arguments: ClassVar[frozenset[str]] = frozenset(
        [
            "-i",
            "--index",
            "-o",
            "--output-dir",
            "-t",
            "--threads",
            "-b",
            "--bootstrap-samples",
            "--seed",
            "--plaintext",
            "--fr-stranded",
            "--rf-stranded",
            "--single",
            "-l",
            "--fragment-length",
            "-s",
            "--sd",
        ]
    )
    program: Path | None = None
    k: int = 31
    extra: tuple[str, ...] = ()

    def find(self) -> Path:
        """Return the binary: configured, in PATH unless too old, or in the kb-python wheel."""
        on_path = None if self.program is not None else shutil.which("kallisto")
        if self.program is None and (on_path is None or _is_old(_version_of(on_path))):
            shipped = find_in_wheel()
            if shipped is not None:
                return shipped
        install = (
            "the kb-python wheel is not installed or has no kallisto for "
            f"{platform.system()} {platform.machine()}; "
            f"install kallisto {_OLDEST_IN_WORDS} or later (bioconda: kallisto), or configure its "
            "path"
        )
        found = find_program("kallisto", configured=self.program, install=install)
        version = _version_of(found)
        if _is_old(version):
            raise EnvironmentFault(
                f"is kallisto {version}, but version {_OLDEST_IN_WORDS} or later is required",
                path=found,
                remedy="install a later version (bioconda: kallisto)" if self.program else install,
            )
        return found

    def version(self) -> str:
        """Return the version of kallisto."""
        return _version_of(self.find())

    def options(self) -> Mapping[str, object]:
        """Return the options that change the index."""
        return {"k": self.k}

    def index_commands(
        self, reference: Reference, prepared: Prepared, directory: Path, *, threads: int
    ) -> list[Command]:
        """Return the command ``kallisto index``."""
        del reference
        return [
            (
                self.find(), "index", "-k", str(self.k), "-t", str(threads),
                "-T", directory / "inputs" / "tmp",
                "-i", directory / "kallisto.idx", prepared.transcripts,
            )
        ]  # fmt: skip

    def index_files(self) -> tuple[str, ...]:
        """Return the name of the only file."""
        return ("kallisto.idx",)

    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Return the command ``kallisto quant``."""
        command: list[str | Path] = [
            self.find(), "quant", "-i", index / "kallisto.idx", "-o", directory,
            "-t", str(job.threads), *self.extra,
        ]  # fmt: skip
        if job.bootstraps:
            command += ["-b", str(job.bootstraps), "--seed", str(job.seed)]
        if job.strandedness in _STRAND_FLAG:
            command.append(_STRAND_FLAG[job.strandedness])
        if not job.is_paired:
            mean, sd = job.fragment
            return [*command, "--single", "-l", f"{mean:g}", "-s", f"{sd:g}", *job.first_mates]
        pairs = zip(job.first_mates, job.second_mates, strict=True)
        return [*command, *(file for pair in pairs for file in pair)]

    def read(self, directory: Path) -> Abundance:
        """Read ``abundance.tsv`` and ``run_info.json``."""
        names, columns = read_columns(directory / "abundance.tsv", ("est_counts", "tpm"))
        path = directory / "run_info.json"
        try:
            run_info = json.loads(path.read_text(encoding="utf-8"))
            n_processed, n_used = int(run_info["n_processed"]), int(run_info["n_pseudoaligned"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"run_info.json is missing or truncated ({error})", path=path
            ) from error
        return Abundance(
            names=names,
            tpm=columns["tpm"],
            counts=columns["est_counts"],
            n_processed=n_processed,
            n_used=n_used,
        )


def _version_of(program: str | Path) -> str:
    return ask_version((program, "version"), r"version (\S+)")


def _is_old(version: str) -> bool:
    """Return whether ``kallisto index`` lacks options for threads and a temporary folder."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _OLDEST


def find_in_wheel() -> Path | None:
    """Find kallisto in the kb-python wheel, without importing the package.

    Importing it takes seconds; only its location on disk is needed.

    Raises
    ------
    EnvironmentFault
        The binary exists but is not executable.
    """
    folder = _IN_WHEEL.get((platform.system(), platform.machine()))
    package = importlib.util.find_spec("kb_python")
    if folder is None or package is None or not package.submodule_search_locations:
        return None
    binary = Path(package.submodule_search_locations[0], "bins", folder, "kallisto", "kallisto")
    if not binary.is_file():
        return None
    if not os.access(binary, os.X_OK):
        raise EnvironmentFault(
            "is not executable", path=binary, remedy="make the file executable (chmod +x)"
        )
    return binary
