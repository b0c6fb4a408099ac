"""Selection of the samples of a series to compare, and the batch of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lotwise.acquire.ena import EnaRun
from lotwise.acquire.fields import Fields, distinct, fields_of_geo, normal, shortened, suggest
from lotwise.acquire.geo.record import GeoSample
from lotwise.acquire.time_limit import time_limit
from lotwise.config.acquire import SampleSelection, fields_in
from lotwise.errors import InputError

# Configuration keys to change, as named in messages.
_PATTERN: Final = "'acquire.samples.pattern'"
_CHOOSE: Final = "'acquire.samples.choose'"
_N_BATCHES: Final = "'acquire.samples.n_batches'"
_PATTERN_SECONDS: Final = 10.0
# Fields searched for a pattern, in this order: a description may mention other samples as well.
_SEARCHED: Final = (("title", "characteristics"), ("source name", "library name"), ("description",))


@dataclass(frozen=True)
class Candidate:
    """A sample that can be chosen, from GEO, or from ENA only.

    ``links`` are the accessions by which ENA lists it (experiment, BioSample, GSM). ``fields``
    contain everything else by which it can be chosen, such as its source name.
    """

    accession: str
    title: str
    characteristics: tuple[str, ...] = ()
    links: frozenset[str] = frozenset()
    fields: Fields = field(default=(), repr=False)

    @classmethod
    def of_geo(cls, sample: GeoSample) -> Candidate:
        """Return the candidate of a GEO sample."""
        links = {sample.accession, *sample.linked("SRA"), *sample.linked("BioSample")}
        return cls(
            sample.accession,
            sample.title,
            sample.characteristics,
            frozenset(links),
            fields_of_geo(sample),
        )

    @classmethod
    def of_runs(cls, runs: Sequence[EnaRun]) -> Candidate:
        """Return the candidate of the runs of one BioSample."""
        first = runs[0]
        traits = tuple(f"alias: {run.alias}" for run in runs[:1] if run.alias)
        links = {first.sample, *(run.experiment for run in runs)}
        # A report may lack an experiment; empty accessions are not links.
        libraries = dict.fromkeys(run.library for run in runs if run.library)
        fields = tuple(("library name", library) for library in libraries)
        title = first.title or first.alias
        return cls(first.sample, title, traits, frozenset(links - {""}), fields)

    def all_fields(self) -> Fields:
        """Return every field with its value: title, characteristics by name, and the others."""
        named = []
        for trait in self.characteristics:
            name, colon, value = trait.partition(":")
            named.append((name.strip(), value.strip()) if colon else ("characteristics", trait))
        return (("title", self.title), *named, *self.fields)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of one field; case and underscores in its name are ignored."""
        wanted = normal(name)
        return tuple(value for key, value in self.all_fields() if normal(key) == wanted)

    def texts(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the texts that are searched for a pattern."""
        return tuple(
            text
            for name in names
            for text in (self.characteristics if name == "characteristics" else self.values(name))
        )

    def describe(self) -> str:
        """Return a one-line description."""
        traits = "; ".join(self.characteristics) or "no characteristics"
        more = (f"{name}: {shortened(value)}" for name, value in self.fields if name in _TELLING)
        return f"{self.accession} {self.title!r} ({'; '.join((traits, *more))})"


_TELLING: Final = frozenset({"source name", "library name", "description"})


@dataclass(frozen=True)
class Chosen:
    """A candidate with its batch and other values taken from its record."""

    candidate: Candidate
    batch: str
    donor: str = ""
    condition: str = ""
    replicate: str = ""

    def names(self) -> tuple[str, ...]:
        """Return the names by which a column or a file may refer to this sample."""
        candidate = self.candidate
        described = candidate.texts(("library name", "description"))
        values = [value for _, value in candidate.all_fields()]
        # A description often contains the column name: "processed data column: lib1_MSC".
        ends = [text.rpartition(":")[2] for text in described if ":" in text]
        return (candidate.accession, self.batch, *values, *ends)


def choose(
    candidates: Sequence[Candidate], selection: SampleSelection, *, origin: str
) -> tuple[Chosen, ...]:
    r"""Choose samples by accession, title, field or pattern, and assign their batches.

    Parameters
    ----------
    candidates
        All samples of the series.
    selection
        The ``samples:`` of the configuration; if empty, all samples are chosen and each title is
        a batch.
    origin
        Where the selection is written, for messages.

    Returns
    -------
    The chosen samples, in the order of the series.

    Raises
    ------
    InputError
        The pattern or a name matches no sample, a sample matches two batches, or the number of
        batches is not the required one. The message lists every sample and a line that works.

    Examples
    --------
    >>> lots = [Candidate("GSM1", "iMSC LOT-001 mRNA"), Candidate("GSM2", "iMSC LOT-002 mRNA")]
    >>> found = choose(lots, SampleSelection(pattern=r"LOT-\d+"), origin="config.yaml")
    >>> [(chosen.candidate.accession, chosen.batch) for chosen in found]
    [('GSM1', 'LOT-001'), ('GSM2', 'LOT-002')]
    >>> lines = [Candidate(f"GSM{n}", f"MSC {n}", (f"cell line: {n}",)) for n in "AB"]
    >>> found = choose(lines, SampleSelection(batch="{cell line}"), origin="config.yaml")
    >>> [chosen.batch for chosen in found]
    ['A', 'B']
    """
    fault = InputError(
        f"matching the patterns with the sample titles took more than {_PATTERN_SECONDS:g} s",
        path=origin,
        remedy=f"simplify {_PATTERN}; avoid nested repetitions",
    )
    with time_limit(_PATTERN_SECONDS, fault):
        return _choose(candidates, selection, origin)


def _choose(
    candidates: Sequence[Candidate], selection: SampleSelection, origin: str
) -> tuple[Chosen, ...]:
    kept = _without(candidates, selection.exclude, origin)
    kept = _where(kept, selection.where, origin)
    if selection.batch is not None:
        kept = (
            [one.candidate for one in _by_pattern(kept, selection.pattern, origin)]
            if (selection.pattern is not None)
            else kept
        )
        chosen = [Chosen(one, _told(one, selection.batch, "batch", kept, origin)) for one in kept]
    elif selection.pattern is not None:
        chosen = _by_pattern(kept, selection.pattern, origin)
    elif selection.choose:
        chosen = _by_name(kept, selection, origin)
    else:
        chosen = [Chosen(candidate, candidate.title) for candidate in kept]
    n_batches = len({one.batch for one in chosen})
    if selection.n_batches is not None and n_batches != selection.n_batches:
        found = ", ".join(sorted({one.batch for one in chosen})) or "none"
        raise InputError(
            f"{n_batches} batches were found ({found}), but {_N_BATCHES} is {selection.n_batches}",
            path=origin,
            remedy=_remedy(kept, f"change {_PATTERN}, {_CHOOSE} or {_N_BATCHES}"),
        )
    return tuple(_with_columns(one, selection, kept, origin) for one in chosen)


def _without(
    candidates: Sequence[Candidate], excluded: Sequence[str], origin: str
) -> list[Candidate]:
    for name in excluded:
        if not any(name in (one.accession, one.title) for one in candidates):
            raise InputError(
                f"'acquire.samples.exclude' lists {name!r}, which is not one of the samples",
                path=origin,
                remedy="the samples are: " + _listing(candidates),
            )
    return [one for one in candidates if not {one.accession, one.title} & set(excluded)]


def _where(
    candidates: Sequence[Candidate], where: Mapping[str, str], origin: str
) -> list[Candidate]:
    """Return the samples in which every given field equals or contains the given value."""
    kept = list(candidates)
    for name, wanted in where.items():
        if not any(one.values(name) for one in candidates):
            raise _no_field(name, candidates, origin)
        equal = [one for one in kept if normal(wanted) in map(normal, one.values(name))]
        kept = equal or [one for one in kept if _found_in(wanted, one.values(name))]
    if where and not kept:
        asked = ", ".join(f"{name}: {wanted}" for name, wanted in where.items())
        raise InputError(
            f"'acquire.samples.where' {{{asked}}} matches no sample",
            path=origin,
            remedy=_remedy(candidates, "change 'acquire.samples.where'"),
        )
    return kept


def _found_in(wanted: str, values: Iterable[str]) -> bool:
    try:
        pattern = re.compile(wanted, re.IGNORECASE)
    except re.error:
        return False
    return any(pattern.search(value) for value in values)


def _told(
    one: Candidate, words: str, what: str, candidates: Sequence[Candidate], origin: str
) -> str:
    """Return the values of a sample given by fields or a pattern: its batch, donor and so on."""
    names = fields_in(words)
    if not names:
        return _by_pattern([one], words, origin, what=what)[0].batch
    for name in names:
        if not one.values(name):
            if any(other.values(name) for other in candidates):
                raise InputError(
                    f"{one.accession} {one.title!r} has no field {name!r}, but "
                    f"'acquire.samples.{what}' requires this field",
                    path=origin,
                    remedy=_remedy(candidates, "use another field, or exclude the sample "
                                   f"(acquire.samples.exclude: [{one.accession}])"),
                )  # fmt: skip
            raise _no_field(name, candidates, origin)
        words = words.replace(f"{{{name}}}", "; ".join(one.values(name)))
    return words.strip()


def _no_field(name: str, candidates: Sequence[Candidate], origin: str) -> InputError:
    return InputError(
        f"no sample has a field {name!r}",
        path=origin,
        remedy=_remedy(candidates, "use another field"),
    )


def _with_columns(
    one: Chosen, selection: SampleSelection, candidates: Sequence[Candidate], origin: str
) -> Chosen:
    """Add donor, condition and replicate."""
    told = {
        what: _told(one.candidate, words, what, candidates, origin)
        for what, words in (
            ("donor", selection.donor),
            ("condition", selection.condition),
            ("replicate", selection.replicate),
        )
        if words is not None
    }
    return Chosen(one.candidate, one.batch, **told)


def _by_pattern(
    candidates: Sequence[Candidate], pattern: str, origin: str, *, what: str = "pattern"
) -> list[Chosen]:
    expression = re.compile(pattern)
    chosen = []
    for candidate in candidates:
        names: set[str] = set()
        for searched in _SEARCHED:
            texts = candidate.texts(searched)
            names = {_batch_of(match) for text in texts for match in expression.finditer(text)}
            if names:
                break
        if len(names) > 1:
            raise InputError(
                f"the pattern {pattern!r} must match one batch name in each sample, but it matches "
                f"{', '.join(sorted(names))} in the sample {candidate.describe()}",
                path=origin,
                remedy=f"make 'acquire.samples.{what}' more specific, or use {_CHOOSE} instead",
            )
        chosen += [Chosen(candidate, name) for name in names]
    if not chosen:
        raise InputError(
            f"the pattern {pattern!r} matches no title, characteristic or other field"
            + (f" of {candidates[0].accession}" if len(candidates) == 1 else ""),
            path=origin,
            remedy=_remedy(candidates, f"change 'acquire.samples.{what}'"),
        )
    return chosen


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
                f"{choice.sample!r} matches {how_many}",
                path=origin,
                remedy=_remedy(candidates, f"change {_CHOOSE}"),
            )
        [candidate] = found
        if candidate.accession in chosen:
            raise InputError(
                f"the sample {candidate.accession} is chosen twice",
                path=origin,
                remedy=f"change {_CHOOSE}",
            )
        chosen[candidate.accession] = Chosen(candidate, choice.batch or candidate.title)
    return [chosen[c.accession] for c in candidates if c.accession in chosen]


def _remedy(candidates: Sequence[Candidate], words: str) -> str:
    """Return what to do: a line that works, the available fields, and every sample."""
    told = [one.all_fields() for one in candidates]
    line = suggest(told)
    parts = [words]
    if line:
        parts[0] += f", for example `acquire.samples: {line}`"
    table = " | ".join(found.in_words() for found in distinct(told))
    if table:
        parts.append(f"the fields are: {table}")
    parts.append("the samples are: " + _listing(candidates))
    return "; ".join(parts)


def _listing(candidates: Sequence[Candidate]) -> str:
    return " | ".join(candidate.describe() for candidate in candidates) or "none"
