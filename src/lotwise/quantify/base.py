"""What every quantifier offers: a version, an index, a quantification, its result."""

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
"""In an index: the calls that built it."""


def _no_option(path: Path) -> Path:
    """Return a path that no program takes for one of its options."""
    return path.absolute() if str(path).startswith("-") else path


@dataclass(frozen=True, kw_only=True)
class Job:
    """One sample to quantify.

    Attributes
    ----------
    strandedness
        Resolved: no longer ``auto``.
    threads
        Threads that the program may use.
    bootstraps
        Bootstraps of the quantifier to keep.
    seed
        Seed of the bootstraps, where the program takes one.
    """

    sample: Sample
    strandedness: Protocol
    threads: int = 1
    bootstraps: int = 0
    seed: int = 42

    @property
    def is_paired(self) -> bool:
        """Whether the runs have mates."""
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
            The sample sheet does not give both.
        """
        mean, sd = self.sample.fragment_length, self.sample.fragment_sd
        if mean is None or sd is None:
            raise InputError(
                f"sample {self.sample.sample!r} has single reads, which do not show how long "
                "their fragments were",
                column="fragment_length" if mean is None else "fragment_sd",
                remedy="give fragment_length and fragment_sd in the sample sheet",
            )
        return mean, sd


@dataclass(frozen=True, kw_only=True)
class Abundance:
    """What a quantifier found in one sample.

    Attributes
    ----------
    names
        The isoforms.
    tpm, counts
        Transcripts per million and estimated fragments, shape (n_isoforms,).
    n_processed, n_used
        Fragments that the program read, and those it could place.
    """

    names: Sequence[str]
    tpm: NDArray[np.float64]
    counts: NDArray[np.float64]
    n_processed: int
    n_used: int


class Quantifier(ABC):
    """A program that turns reads into abundances.

    The three have the same face: :meth:`index` once a reference, :meth:`quantify` once
    a sample, :meth:`read` its result.
    """

    name: ClassVar[str]
    own_arguments: ClassVar[frozenset[str]]
    """Arguments of the program that lotwise sets itself."""
    k: int | None = None
    """Length of the k-mers of the index; None where the program has none."""

    @abstractmethod
    def version(self) -> str:
        """Give the version of the program.

        Raises
        ------
        EnvironmentFault
            The program is not there or does not run.
        """

    @abstractmethod
    def options(self) -> Mapping[str, object]:
        """Give the options that change the index."""

    def require_able(self, reference: Reference, *, bootstraps: int = 0) -> None:
        """Raise :class:`InputError` if the program cannot do what is asked; nothing is read."""
        del reference, bootstraps

    def require_paths(self, paths: Iterable[Path]) -> None:
        """Raise :class:`InputError` if the program cannot be given one of ``paths``."""
        del paths

    @abstractmethod
    def index_commands(
        self, reference: Reference, prepared: Prepared, directory: Path, *, threads: int
    ) -> list[Command]:
        """Spell the commands that build the index into ``directory``.

        What only the building needs lies in ``directory / "inputs"``, which is there and
        is removed afterwards.
        """

    @abstractmethod
    def index_files(self) -> tuple[str, ...]:
        """Give patterns, each of which a whole index has a file of that is not empty."""

    @abstractmethod
    def quant_command(self, job: Job, index: Path, directory: Path) -> Command:
        """Spell the command that quantifies one sample into ``directory``."""

    @abstractmethod
    def read(self, directory: Path) -> Abundance:
        """Read what :meth:`quantify` wrote.

        Raises
        ------
        InputError
            A file is missing or is not what the program writes.
        """

    def index(
        self, reference: Reference, prepared: Prepared, *, cache: Path, threads: int, log: Path
    ) -> Path:
        """Give the index of ``reference``, building it if ``cache`` has none.

        The key is the program, its version, the options and the checksums of the
        reference: another version never reads this one's index.
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
                    f"{self.name} ended without a whole index: no {', '.join(absent)}",
                    remedy=f"the log is {log}",
                )
            # For the provenance of every run that uses this index.
            told = [asdict(call) for call in calls]
            (directory / CALLS_FILE).write_text(json.dumps(told, indent=1), encoding="utf-8")

        return cached_directory(cache, self.name, key, build)

    def n_isoforms(self, prepared: Prepared, index: Path) -> int:
        """Give how many isoforms a quantification with ``index`` has."""
        del index
        return prepared.n_transcripts

    def quantify(
        self, job: Job, *, index: Path, out: Path, n_isoforms: int, log: Path
    ) -> tuple[Call, Abundance]:
        """Quantify one sample into ``out``, whole or not at all.

        Parameters
        ----------
        out
            Directory of the program's own output.
        n_isoforms
            How many isoforms the output must have.

        Raises
        ------
        EnvironmentFault
            The program was killed or the disk is full.
        InputError
            The program failed, or ended with 0 and left less than it should have.
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
                    f"{self.name} ended with exit status 0 and an incomplete result "
                    f"for sample {job.sample.sample!r} ({fault.problem})",
                    remedy=f"the log is {log}",
                ) from fault
        return call, abundance


def _require_isoforms(abundance: Abundance, n_isoforms: int) -> None:
    if len(abundance.names) != n_isoforms:
        raise InputError(
            f"{len(abundance.names):,} isoforms are there, the reference has {n_isoforms:,}"
        )


def read_columns(
    path: Path, names: tuple[str, ...]
) -> tuple[list[str], dict[str, NDArray[np.float64]]]:
    """Read a quantifier's table: the first column as text, ``names`` as numbers.

    Raises
    ------
    InputError
        The file is missing, cut off, or has not these columns.
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
        raise InputError("there is no such file", path=path) from None
    except (ValueError, IndexError, OSError, UnicodeError) as error:
        raise InputError(f"{path.name} is cut off or malformed ({error})", path=path) from error
