"""Interface of all quantifiers: version, index, quantification, result."""

from __future__ import annotations

import json
import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.atomic import atomic_directory
from lotwise.quantify.cache import cached_directory
from lotwise.quantify.program import Call, require_disk, run_program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.quantify.reference import Prepared, Reference
    from lotwise.samples import Sample
    from lotwise.simulate import Protocol

logger = logging.getLogger(__name__)

Command = Sequence[str | Path]

CALLS_FILE: Final = "lotwise.calls.json"
"""Name of a file in the folder of an index. The file lists the commands that built the index."""


def _no_option(path: Path) -> Path:
    """Return a path that no program interprets as an option."""
    return path.absolute() if str(path).startswith("-") else path


@dataclass(frozen=True, kw_only=True)
class Job:
    """One sample to quantify.

    Attributes
    ----------
    strandedness
        Inferred or declared; not ``auto``.
    threads
        Number of threads that the program may use.
    bootstraps
        Number of bootstraps.
    seed
        Seed of the bootstraps, if the program accepts one.
    """

    sample: Sample
    strandedness: Protocol
    threads: int = 1
    bootstraps: int = 0
    seed: int = 42

    @property
    def is_paired(self) -> bool:
        """Whether the runs are paired."""
        return self.sample.runs[0].fastq_2 is not None

    @property
    def first_mates(self) -> list[Path]:
        """The first mates, or the single reads, of all runs."""
        return [_no_option(run.fastq_1) for run in self.sample.runs]

    @property
    def second_mates(self) -> list[Path]:
        """The second mates of all runs, in the order of the first."""
        return [_no_option(run.fastq_2) for run in self.sample.runs if run.fastq_2 is not None]

    @property
    def fragment(self) -> tuple[float, float]:
        """Mean and standard deviation of the fragment length of single reads.

        Raises
        ------
        InputError
            The sample sheet does not give both values.
        """
        mean, sd = self.sample.fragment_length, self.sample.fragment_sd
        if mean is None or sd is None:
            raise InputError(
                f"sample {self.sample.sample!r} has single-end reads, which do not show the "
                "fragment length",
                column="fragment_length" if mean is None else "fragment_sd",
                remedy="give 'fragment_length' and 'fragment_sd' in the sample sheet",
            )
        return mean, sd


@dataclass(frozen=True, kw_only=True)
class Abundance:
    """Result of a quantifier for one sample.

    Attributes
    ----------
    names
        The isoforms.
    tpm, counts
        Transcripts per million and estimated fragment counts, shape (n_isoforms,).
    n_processed, n_used
        Number of fragments that the program read, and that it assigned.
    """

    names: Sequence[str]
    tpm: NDArray[np.float64]
    counts: NDArray[np.float64]
    n_processed: int
    n_used: int


class Quantifier(ABC):
    """A program that computes abundances from reads.

    All quantifiers have the same interface: :meth:`index` once per reference, :meth:`quantify`
    once per sample, :meth:`read` for its result.
    """

    name: ClassVar[str]
    own_arguments: ClassVar[frozenset[str]]
    """Arguments of the program that are set by lotwise."""
    k: int | None = None
    """k-mer length of the index; None if the program has none."""

    @abstractmethod
    def version(self) -> str:
        """Return the version of the program.

        Raises
        ------
        EnvironmentFault
            The program is missing or does not run.
        """

    @abstractmethod
    def options(self) -> Mapping[str, object]:
        """Return the options that change the index."""

    def require_able(self, reference: Reference, *, bootstraps: int = 0) -> None:
        """Raise :class:`InputError` if the program cannot do what is requested; reads no file."""
        del reference, bootstraps

    def require_paths(self, paths: Iterable[Path]) -> None:
        """Raise :class:`InputError` if the program does not accept one of ``paths``."""
        del paths

    @abstractmethod
    def index_commands(
        self, reference: Reference, prepared: Prepared, directory: Path, *, threads: int
    ) -> list[Command]:
        """Return the commands that build the index in ``directory``.

        Files needed only for building are in ``directory / "inputs"``, which exists and is
        removed afterwards.
        """

    @abstractmethod
    def index_files(self) -> tuple[str, ...]:
        """Return patterns; a complete index has a non-empty file for each of them."""

    @abstractmethod
    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Return the command that quantifies one sample into ``directory``."""

    @abstractmethod
    def read(self, directory: Path) -> Abundance:
        """Read the output of :meth:`quantify`.

        Raises
        ------
        InputError
            A file is missing or is not an output of the program.
        """

    def index(
        self, reference: Reference, prepared: Prepared, *, cache: Path, threads: int, log: Path
    ) -> Path:
        """Return the index of ``reference``, building it if it is not in ``cache``.

        The key consists of the program, its version, the options and the checksums of the
        reference, so that another version never uses this index.
        """
        version = self.version()
        key = {
            "program": self.name,
            "version": version,
            "options": dict(self.options()),
            "reference": reference.checksums(),
            "prepared": prepared.directory.name,
        }

        def build(directory: Path) -> None:
            log.unlink(missing_ok=True)
            inputs = directory / "inputs"
            inputs.mkdir()
            calls = [
                run_program(command, version=version, log=log, workspace=directory)
                for command in self.index_commands(reference, prepared, directory, threads=threads)
            ]
            shutil.rmtree(inputs)
            require_disk(directory, log=log, name=self.name)
            absent = [
                pattern
                for pattern in self.index_files()
                if not any(path.stat().st_size for path in directory.glob(pattern))
            ]
            if absent:
                raise EnvironmentFault(
                    f"{self.name} ended, but the index is not complete; missing files: "
                    f"{', '.join(absent)}",
                    remedy=f"see the log {log}",
                )
            # For the provenance of every run that uses this index.
            told = [asdict(call) for call in calls]
            (directory / CALLS_FILE).write_text(json.dumps(told, indent=1), encoding="utf-8")

        return cached_directory(cache, self.name, key, build)

    def n_isoforms(self, prepared: Prepared, index: Path) -> int:
        """Return the number of isoforms of a quantification with ``index``."""
        del index
        return prepared.n_transcripts

    def quantify(
        self, job: Job, *, index: Path, out: Path, n_isoforms: int, log: Path
    ) -> tuple[Call, Abundance]:
        """Quantify one sample into ``out``, completely or not at all.

        Parameters
        ----------
        out
            Directory of the program's own output.
        n_isoforms
            Number of isoforms that the output must have.

        Raises
        ------
        EnvironmentFault
            The program was killed or the disk is full.
        InputError
            The program failed, or ended with exit status 0 but its output is incomplete.
        """
        version = self.version()
        logger.info("quantifying sample %s with %s %s", job.sample.sample, self.name, version)
        log.unlink(missing_ok=True)
        with atomic_directory(out) as directory:
            command = self.quant_command(job, index, directory)
            call = run_program(command, version=version, log=log, workspace=directory)
            try:
                abundance = self.read(directory)
                _require_isoforms(abundance, n_isoforms)
            except InputError as fault:
                require_disk(directory, log=log, name=self.name)
                raise InputError(
                    f"{self.name} ended with exit status 0, but the result is incomplete for "
                    f"sample {job.sample.sample!r} ({fault.problem})",
                    remedy=f"see the log {log}",
                ) from fault
        return call, abundance


def _require_isoforms(abundance: Abundance, n_isoforms: int) -> None:
    if len(abundance.names) != n_isoforms:
        raise InputError(
            f"the result has {len(abundance.names):,} isoforms, but the reference has "
            f"{n_isoforms:,} isoforms"
        )


def read_columns(
    path: Path, names: tuple[str, ...]
) -> tuple[list[str], dict[str, NDArray[np.float64]]]:
    """Read a quantifier's table: the first column as text, the columns ``names`` as numbers.

    Raises
    ------
    InputError
        The file is missing, truncated, or does not have these columns.
    """
    try:
        with path.open(encoding="utf-8") as table:
            header = table.readline().rstrip("\n").split("\t")
            rows = [line.rstrip("\n").split("\t") for line in table]
        places = [header.index(name) for name in names]
        features = [row[0] for row in rows]
        return features, {
            name: np.array([row[place] for row in rows], dtype=np.float64)
            for name, place in zip(names, places, strict=True)
        }
    except FileNotFoundError:
        raise InputError("no such file", path=path) from None
    except (ValueError, IndexError, OSError, UnicodeError) as error:
        raise InputError(f"{path.name} is truncated or malformed ({error})", path=path) from error
