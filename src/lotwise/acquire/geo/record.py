"""A GEO series and its samples, independent of the file format."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from lotwise.errors import InputError

_logger = logging.getLogger(__name__)

Fields = Mapping[str, tuple[str, ...]]

_ACCESSION_AT_END = re.compile(r"(?:[=/:]|\s|^)([A-Z]{2,5}\d+)/?$")


@dataclass(frozen=True)
class Relation:
    """A link of a record, such as ``SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRX384345``.

    ``kind`` is empty if the record has no colon; ``accession`` is empty if the link does not end
    in one.

    Examples
    --------
    >>> Relation.of("SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRX384345").accession
    'SRX384345'
    >>> Relation.of("SuperSeries of: GSE2")
    Relation(kind='SuperSeries of', target='GSE2', accession='GSE2')
    >>> Relation.of("Reanalyzed by GSE3")
    Relation(kind='', target='Reanalyzed by GSE3', accession='GSE3')
    """

    kind: str
    target: str
    accession: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Read one relation."""
        kind, colon, target = text.partition(": ")
        if not colon:
            kind, target = "", text
        end = _ACCESSION_AT_END.search(target.strip())
        return cls(kind.strip(), target.strip(), end[1] if end else "")


@dataclass(frozen=True)
class GeoSample:
    """One sample (GSM) of a series; ``fields`` contains the whole record."""

    accession: str
    title: str
    fields: Fields = field(repr=False)

    @property
    def characteristics(self) -> tuple[str, ...]:
        """The submitter's description of the sample, mostly ``name: value``, over all channels."""
        return tuple(
            value
            for name, values in self.fields.items()
            if name.startswith("characteristics_ch")
            for value in values
        )

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Links to BioSample, SRA and others."""
        return tuple(map(Relation.of, self.fields.get("relation", ())))

    def linked(self, kind: str) -> tuple[str, ...]:
        """Return the accessions in relations of one kind, such as SRA or BioSample."""
        return tuple(
            link.accession for link in self.relations if link.kind == kind and link.accession
        )

    @property
    def supplementary(self) -> tuple[str, ...]:
        """Addresses of the sample's own files."""
        return _supplementary(self.fields)


@dataclass(frozen=True)
class Series:
    """One series (GSE) with its samples, in the order of the record."""

    accession: str
    title: str
    fields: Fields = field(repr=False)
    samples: tuple[GeoSample, ...] = field(repr=False)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Links to BioProject, SRA and other series."""
        return tuple(map(Relation.of, self.fields.get("relation", ())))

    @property
    def subseries(self) -> tuple[str, ...]:
        """The parts of this SuperSeries; empty if it is not one."""
        return tuple(link.accession for link in self.relations if link.kind == "SuperSeries of")

    @property
    def studies(self) -> tuple[str, ...]:
        """SRA study, else BioProject, by which ENA lists the runs."""
        by_kind = {kind: self._linked(kind) for kind in ("SRA", "BioProject")}
        return by_kind["SRA"] or by_kind["BioProject"]

    @property
    def supplementary(self) -> tuple[str, ...]:
        """Addresses of the series' own files."""
        return _supplementary(self.fields)

    def _linked(self, kind: str) -> tuple[str, ...]:
        return tuple(
            link.accession for link in self.relations if link.kind == kind and link.accession
        )


def assemble(
    accession: str, series: Fields, samples: Mapping[str, Fields], *, origin: str
) -> Series:
    """Return a series from its parts; raise an error if it is incomplete.

    Raises
    ------
    InputError
        It is another series; listed samples are missing; there are unlisted samples; a sample has
        no title or has a different accession in its record.
    """
    named = series.get("geo_accession", ("",))[0]
    if named != accession:
        raise InputError(
            f"is the record of {named or 'no series'}, not of {accession}", path=origin
        )
    listed = [name for names in series.get("sample_id", ()) for name in names.split()]
    missing = [name for name in listed if name not in samples]
    if missing or not listed:
        raise InputError(
            f"lists {len(listed)} samples but contains only {len(listed) - len(missing)} of "
            f"them; missing samples: {', '.join(missing[:10]) or 'all'}",
            path=origin,
            remedy="remove the file and run again",
        )
    extra = [name for name in samples if name not in set(listed)]
    if extra:
        raise InputError(
            f"contains samples that are not in its list of samples: {', '.join(extra[:10])}",
            path=origin,
        )
    built = []
    for name in listed:
        fields = samples[name]
        title = fields.get("title", ("",))[0]
        own = fields.get("geo_accession", ("",))[0]
        if own != name:
            raise InputError(
                f"the sample is listed as {name}, but its record has "
                + (f"the accession {own}" if own else "no accession"),
                path=origin,
                remedy="remove the file and run again",
            )
        if not title:
            raise InputError(f"the sample {name} has no title", path=origin)
        built.append(GeoSample(name, title, fields))
    twice = [title for title, n in Counter(sample.title for sample in built).items() if n > 1]
    if twice:
        _logger.warning(
            "%s: several samples have the same title; choose them by accession: %s",
            accession,
            "; ".join(twice),
        )
    return Series(accession, series.get("title", ("",))[0], series, tuple(built))


def _supplementary(fields: Fields) -> tuple[str, ...]:
    return tuple(
        address
        for name, addresses in fields.items()
        if re.fullmatch(r"supplementary_file(_\d+)?", name)
        for address in addresses
        if address.strip().upper() != "NONE"
    )
