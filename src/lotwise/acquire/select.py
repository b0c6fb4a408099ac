"""Which samples of a series are compared, and which batch each belongs to."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final, NoReturn

from lotwise.acquire.ena import EnaRun
from lotwise.acquire.geo.record import GeoSample
from lotwise.config.acquire import SampleSelection
from lotwise.errors import InputError

# The lines of the configuration to change, as messages name them.
_PATTERN: Final = "acquire.samples.pattern"
_CHOOSE: Final = "acquire.samples.choose"
_N_BATCHES: Final = "acquire.samples.n_batches"
_PATTERN_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Candidate:
    """A sample that can be chosen, from GEO or from ENA alone.

    ``links`` are the accessions by which ENA knows it (experiment, BioSample, GSM).
    """

    accession: str
    title: str
    characteristics: tuple[str, ...] = ()
    links: frozenset[str] = frozenset()

    @classmethod
    def of_geo(cls, sample: GeoSample) -> Candidate:
        """Make one of a GEO sample."""
        links = {sample.accession, *sample.linked("SRA"), *sample.linked("BioSample")}
        return cls(sample.accession, sample.title, sample.characteristics, frozenset(links))

    @classmethod
    def of_runs(cls, runs: Sequence[EnaRun]) -> Candidate:
        """Make one of the runs of one BioSample."""
        first = runs[0]
        traits = tuple(f"alias: {run.alias}" for run in runs[:1] if run.alias)
        links = {first.sample, *(run.experiment for run in runs)}
        # A report may lack an experiment; what is blank links nothing.
        return cls(first.sample, first.title or first.alias, traits, frozenset(links - {""}))

    def describe(self) -> str:
        """Say in one line what it is."""
        traits = "; ".join(self.characteristics) or "no characteristics"
        return f"{self.accession} {self.title!r} ({traits})"


@dataclass(frozen=True)
class Chosen:
    """A candidate with the batch that it belongs to."""

    candidate: Candidate
    batch: str


def choose(
    candidates: Sequence[Candidate], selection: SampleSelection, *, origin: str
) -> tuple[Chosen, ...]:
    r"""Choose samples by accession, title or pattern, and name their batches.

    Parameters
    ----------
    candidates
        All samples of the series.
    selection
        The ``samples:`` of the configuration; without any, all samples are chosen and each
        title is a batch.
    origin
        Where the selection is written, for messages.

    Returns
    -------
    The chosen samples, in the order of the series.

    Raises
    ------
    InputError
        The pattern or a name fits no sample, a sample fits two batches, or there are not as
        many batches as there must be. The message lists every sample.

    Examples
    --------
    >>> lots = [Candidate("GSM1", "iMSC LOT-001 mRNA"), Candidate("GSM2", "iMSC LOT-002 mRNA")]
    >>> found = choose(lots, SampleSelection(pattern=r"LOT-\d+"), origin="config.yaml")
    >>> [(chosen.candidate.accession, chosen.batch) for chosen in found]
    [('GSM1', 'LOT-001'), ('GSM2', 'LOT-002')]
    """
    if selection.pattern is not None:
        chosen = _by_pattern(candidates, selection.pattern, origin)
    elif selection.choose:
        chosen = _by_name(candidates, selection, origin)
    else:
        chosen = [Chosen(candidate, candidate.title) for candidate in candidates]
    n_batches = len({one.batch for one in chosen})
    if selection.n_batches is not None and n_batches != selection.n_batches:
        found = ", ".join(sorted({one.batch for one in chosen})) or "none"
        raise InputError(
            f"{n_batches} batches were found ({found}), {_N_BATCHES} is {selection.n_batches}",
            path=origin,
            remedy=f"change {_PATTERN}, {_CHOOSE} or {_N_BATCHES}; the samples are: "
            + _listing(candidates),
        )
    return tuple(chosen)


def _by_pattern(candidates: Sequence[Candidate], pattern: str, origin: str) -> list[Chosen]:
    chosen = []
    for candidate, names in zip(candidates, _found(candidates, pattern, origin), strict=True):
        if len(names) > 1:
            raise InputError(
                f"the pattern {pattern!r} finds {', '.join(sorted(names))} in one sample: "
                + candidate.describe(),
                path=origin,
                remedy=f"make {_PATTERN} stricter, or use {_CHOOSE} instead",
            )
        chosen += [Chosen(candidate, name) for name in names]
    if not chosen:
        raise InputError(
            f"the pattern {pattern!r} fits no title and no characteristic",
            path=origin,
            remedy=f"change {_PATTERN}; the samples are: " + _listing(candidates),
        )
    return chosen


def _found(candidates: Sequence[Candidate], pattern: str, origin: str) -> list[set[str]]:
    """Find the batch names in each candidate's title and characteristics.

    A pattern such as ``(a+)+b`` can take for ever on a text of 30 letters, and titles are
    foreign: Python's own engine has no limit, but looks for signals as it goes.
    """
    expression = re.compile(pattern)
    with _within(_PATTERN_SECONDS, pattern, origin):
        return [
            {
                _batch_of(match)
                for text in (candidate.title, *candidate.characteristics)
                for match in expression.finditer(text)
            }
            for candidate in candidates
        ]


@contextmanager
def _within(seconds: float, pattern: str, origin: str) -> Iterator[None]:
    """Limit the time of matching, where signals can be had: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise InputError(
            f"the pattern {pattern!r} was not done with the samples' titles after {seconds:g} s",
            path=origin,
            remedy=f"make {_PATTERN} simpler, without a repetition inside a repetition",
        )

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _batch_of(match: re.Match[str]) -> str:
    if "batch" in match.re.groupindex:
        name = match["batch"]
    else:
        name = match[1] if match.re.groups else match[0]
    return (name or match[0]).strip()


def _by_name(
    candidates: Sequence[Candidate], selection: SampleSelection, origin: str
) -> list[Chosen]:
    chosen: dict[str, Chosen] = {}
    for choice in selection.choose:
        found = [
            candidate
            for candidate in candidates
            if choice.sample in (candidate.accession, candidate.title)
        ]
        if len(found) != 1:
            how_many = "no sample" if not found else f"{len(found)} samples"
            raise InputError(
                f"{choice.sample!r} names {how_many}",
                path=origin,
                remedy=f"change {_CHOOSE}; the samples are: " + _listing(candidates),
            )
        [candidate] = found
        if candidate.accession in chosen:
            raise InputError(
                f"{candidate.accession} is chosen twice", path=origin, remedy=f"change {_CHOOSE}"
            )
        chosen[candidate.accession] = Chosen(candidate, choice.batch or candidate.title)
    return [chosen[c.accession] for c in candidates if c.accession in chosen]


def _listing(candidates: Sequence[Candidate]) -> str:
    return " | ".join(candidate.describe() for candidate in candidates) or "none"
