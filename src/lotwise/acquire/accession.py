"""The kind of an accession, from its form (INSDC and GEO accession formats)."""

from __future__ import annotations

import re
from typing import Final, Literal

from lotwise.errors import InputError

Kind = Literal["series", "geo_sample", "study", "experiment", "sample", "run"]

_FORMS: Final[tuple[tuple[str, Kind], ...]] = (
    (r"GSE\d{1,9}", "series"),
    (r"GSM\d{1,9}", "geo_sample"),
    (r"[DES]RP\d{6,9}|PRJ(NA|EB|DB)\d{1,9}", "study"),
    (r"[DES]RX\d{6,9}", "experiment"),
    (r"[DES]RS\d{6,9}|SAM(N|EA|D)\d{1,12}", "sample"),
    (r"[DES]RR\d{6,9}", "run"),
)


def kind_of(accession: str) -> Kind:
    """Return the kind of an accession.

    Raises
    ------
    InputError
        The form is unknown.

    Examples
    --------
    >>> kind_of("GSE150969"), kind_of("SRP033351"), kind_of("SRX384345")
    ('series', 'study', 'experiment')
    """
    for form, kind in _FORMS:
        if re.fullmatch(form, accession):
            return kind
    raise InputError(
        f"{accession!r} is not a known form of accession",
        remedy="use a GEO series (GSE...), or a study or experiment of SRA or ENA "
        "(SRP..., PRJ..., SRX...)",
    )
