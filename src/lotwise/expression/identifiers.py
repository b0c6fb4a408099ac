"""Inference from feature names: versions, genes or transcripts, symbols, organisms.

Ensembl, GENCODE and RSEM describe their identifiers in their manuals; for RefSeq see the NCBI
Handbook, chapter 18.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeVar

import polars as pl

from lotwise.keys import Level

Strings = TypeVar("Strings", pl.Series, pl.Expr)

# ENSG00000000003.15, for GRCh37 ENSG00000000003.15_2, and GENCODE's suffix of copies on Y.
_STABLE: Final = r"(?:ENS[A-Z]*\d+|[NXYW][MRPG]_\d+)"
_VERSION: Final = rf"^({_STABLE})\.\d+(?:_\d+)?(_PAR_Y)?(?:_\d+)?$"
_TRANSCRIPT: Final = r"(?:ENS[A-Z]*TR?\d+|[NX][MR]_\d+)"
_GENE: Final = r"ENS[A-Z]*GR?\d+"
_GENCODE: Final = rf"^(ENS[A-Z]*TR?\d[^|]*)\|{_GENE}[^|]*\|.*$"
# gi|5|ref|NM_1.1|, ENST1.2|other, and GFF3's transcript:ENST1 and rna-NM_1.1.
_WRAPPED: Final = (
    rf"^(?:gi\|\d+\|)?(?:(?:ref|gb|emb|dbj)\||transcript:|rna-)?({_TRANSCRIPT}[.\w]*)(?:\|.*)?$"
)
# RSEM --append-names: ENSG1.2_ABC1; but not _2 in ENSG1.2_2, and not _PAR_Y.
_APPENDED: Final = rf"^({_STABLE}(?:\.\d+)?(?:_\d+)?(?:_PAR_Y)?)_([A-Za-z][\w.\-/()@]*)$"
# DepMap: ABC1 (123).
_WITH_ENTREZ: Final = r"^([A-Za-z][\w.\-/@]*) \((\d+|ENSG\d+)\)$"
_TRANSCRIPT_LIKE: Final = (
    r"^(?:transcript:|rna-)?(?:ENS[A-Z]*TR?\d|[NX][MR]_\d|FBtr\d|uc\d{3}[a-z]{3}\.\d|"
    r"AT[1-5CM]G\d{5}\.\d|MSTRG\.\d+\.\d+|TCONS_\d)"
)
_OF_GENES_ALONE: Final = r"^(?:gene:|gene-)?(?:ENS[A-Z]*GR?\d|FBgn\d|WBGene\d|HGNC:\d|MGI:\d)"
# Transcripts may have such names too, if a gene has one transcript.
_GENE_LIKE: Final = (
    rf"{_OF_GENES_ALONE}|^(?:AT[1-5CM]G\d{{5}}$|MSTRG\.\d+$|XLOC_\d|LOC\d+$|Y[A-P][LR]\d{{3}}[WC])"
)
_DATE: Final = (
    r"^(?:\d{1,2}-(?:Mar|Sep|Dec|Oct|Feb|Apr|Jan|Nov)|(?:Mar|Sep|Sept|Dec|Oct|Feb|Apr)-\d{1,2}|"
    r"\d{4}-\d{2}-\d{2}(?: 00:00:00)?|\d{1,2}/\d{1,2}/\d{2,4})$"
)
_ALTERED: Final = {
    "dates": (_DATE, "a spreadsheet changed symbols such as MARCH1 and SEPT2"),
    "numbers with an exponent": (
        r"^\d(?:\.\d+)?[Ee]\+\d+$",
        "a spreadsheet changed symbols such as 2310009E13Rik",
    ),
    "decimal numbers": (r"^\d+\.0$", "a program read identifiers such as 1017 as numbers"),
}
# A sample of names is as conclusive as all.
_ENOUGH: Final = 1000
_ORGANISM: Final = r"^(?:\w+_)?(ENS[A-Z]*)[GT]R?\d"
_ORGANISMS: Final = {"ENS": "human", "ENSMUS": "mouse", "ENSRNO": "rat", "ENSMMU": "macaque"}


def strip_versions(names: Strings) -> Strings:
    """Return identifiers of Ensembl, GENCODE and RefSeq without version; other names are kept.

    Examples
    --------
    >>> strip_versions(pl.Series(["ENST00000456328.2", "NM_000014.6", "ENST3.1_2"])).to_list()
    ['ENST00000456328', 'NM_000014', 'ENST3']
    >>> strip_versions(pl.Series(["ENST00000381578.6_PAR_Y", "AC004980.1", "MSTRG.2"])).to_list()
    ['ENST00000381578_PAR_Y', 'AC004980.1', 'MSTRG.2']
    """
    return names.str.replace(_VERSION, "${1}${2}")


def plain_names(names: pl.Series) -> pl.Series:
    """Return the transcript of GENCODE's ``transcript|gene|...`` names; other names are kept.

    Examples
    --------
    >>> names = ["ENST1.2|ENSG1.1|x", "ENST2.1|ENSG1.1|y", "ERCC-2", "gi|5|ref|NM_1.1|"]
    >>> plain_names(pl.Series(names)).to_list()
    ['ENST1.2', 'ENST2.1', 'ERCC-2', 'gi|5|ref|NM_1.1|']
    """
    if not names.str.contains("|", literal=True).any():
        return names
    return names.str.replace(_GENCODE, "${1}")


def are_gencode(names: pl.Series) -> pl.Series:
    """Return which names are GENCODE's ``transcript|gene|...``."""
    return names.str.contains(_GENCODE)


def is_gencode(name: str) -> bool:
    """Return whether a name is GENCODE's ``transcript|gene|...``."""
    return re.match(_GENCODE, name) is not None


def unwrap(names: pl.Series) -> pl.Series:
    """Return the identifier within names of NCBI, GFF3 and with ``|``; other names are kept.

    Examples
    --------
    >>> unwrap(pl.Series(["gi|5|ref|NM_1.1|", "transcript:ENST1", "rna-NM_1.2", "a|b"])).to_list()
    ['NM_1.1', 'ENST1', 'NM_1.2', 'a|b']
    """
    return names.str.replace(_WRAPPED, "${1}") if _may_be_wrapped(names) else names


def _may_be_wrapped(names: pl.Series) -> bool:
    """Return whether any name may need :func:`unwrap`; much faster than to apply it."""
    return bool(
        names.str.contains("|", literal=True).any()
        or names.str.starts_with("transcript:").any()
        or names.str.starts_with("rna-").any()
    )


class Appended(NamedTuple):
    """Names of features, and the symbols that were appended to them."""

    features: pl.Series
    symbols: pl.Series


def split_appended(names: pl.Series) -> Appended | None:
    """Split RSEM's ``ENSG..._SYMBOL`` and DepMap's ``SYMBOL (id)``, or return None.

    Examples
    --------
    >>> features, symbols = split_appended(pl.Series(["ENSG1.2_ABC1", "ENSG2.1_AC0.1"]))
    >>> features.to_list(), symbols.to_list()
    (['ENSG1.2', 'ENSG2.1'], ['ABC1', 'AC0.1'])
    >>> split_appended(pl.Series(["ABC1 (12)", "XYZ2 (7)"])).symbols.to_list()
    ['ABC1', 'XYZ2']

    A word that all names share (``ENST1.2_intron``) is no symbol, and neither is one without which
    two names are the same.

    >>> split_appended(pl.Series(["ENST1.2_intron", "ENST2.1_intron", "ENST3.1_intron"])) is None
    True
    """
    head = names.head(100)
    for pattern, feature, symbol in ((_APPENDED, 1, 2), (_WITH_ENTREZ, 0, 1)):
        if head.str.contains(pattern).sum() * 2 <= len(head):
            continue
        features = names.str.replace(pattern, f"${{{feature}}}") if feature else names
        symbols = names.str.extract(pattern, symbol).fill_null("")
        shared = len(names) > 2 and symbols.n_unique() == 1
        if shared or features.n_unique() < names.n_unique():
            continue
        return Appended(features, symbols)
    return None


def level_by_names(names: pl.Series) -> Level | None:
    """Return the level that most names show; None if they are not conclusive.

    Examples
    --------
    >>> level_by_names(pl.Series(["ENSG1.2", "ENSG2", "ERCC-1"]))
    'gene'
    >>> level_by_names(pl.Series(["a", "b"])) is None
    True
    """
    names = names.gather_every(len(names) // _ENOUGH + 1)
    votes: dict[Level, int] = {
        "isoform": int(names.str.contains(_TRANSCRIPT_LIKE).sum()),
        "gene": int(names.str.contains(_OF_GENES_ALONE).sum()),
    }
    if votes["isoform"] == votes["gene"] or max(votes.values()) < len(names) / 2:
        return None
    return "isoform" if votes["isoform"] > votes["gene"] else "gene"


def share_like(names: pl.Series, level: Level) -> float:
    """Return the fraction of names that look like stable identifiers of a level."""
    pattern = _GENE_LIKE if level == "gene" else _TRANSCRIPT_LIKE
    return float(names.str.contains(pattern).mean() or 0)  # type: ignore[arg-type]  # of booleans


class Altered(NamedTuple):
    """Names that a program altered: what they are now, and what was altered."""

    kind: str
    names: list[str]
    cause: str


def altered_names(names: pl.Series) -> list[Altered]:
    """Return the names that a spreadsheet, or a program that expected numbers, has altered.

    Examples
    --------
    >>> for found in altered_names(pl.Series(["1-Mar", "GAPDH", "2023-03-01", "2.31E+19"])):
    ...     found.kind, found.names
    ('dates', ['1-Mar', '2023-03-01'])
    ('numbers with an exponent', ['2.31E+19'])
    >>> altered_names(pl.Series(["1017.0", "653630.0"]))[0].kind
    'decimal numbers'
    """
    found = []
    for kind, (pattern, cause) in _ALTERED.items():
        matching = names.filter(names.str.contains(pattern)).to_list()
        if matching:
            found.append(Altered(kind, matching, cause))
    return found


def organisms_of(names: pl.Series) -> dict[str, int]:
    """Return the number of features of each organism, by Ensembl's prefixes.

    If there are many features, only a regular sample is counted and scaled up.

    Examples
    --------
    >>> organisms_of(pl.Series(["ENSG1", "ENSG2", "ENSMUSG1", "GRCh38_ENSG3", "ERCC-1"]))
    {'human': 3, 'mouse': 1}
    """
    step = len(names) // (20 * _ENOUGH) + 1
    some = names.gather_every(step)
    prefixes = some.str.extract(_ORGANISM, 1).drop_nulls().value_counts(sort=True)
    return {_ORGANISMS.get(prefix, f"{prefix}..."): n * step for prefix, n in prefixes.iter_rows()}
