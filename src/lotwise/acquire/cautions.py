"""Warnings about samples before they are compared: organisms, platforms, shared libraries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lotwise.acquire.fields import normal
from lotwise.acquire.select import Candidate
from lotwise.config.acquire import ReferenceSettings

_COMMON: Final = {"human": "homo sapiens", "mouse": "mus musculus"}
_MOST_NAMED: Final = 6


def cautions(
    candidates: Sequence[Candidate], reference: ReferenceSettings | None = None
) -> list[str]:
    """Return warnings about samples that are to be compared, one sentence each.

    Parameters
    ----------
    candidates
        The samples.
    reference
        The reference for quantification, if one is configured.

    Examples
    --------
    >>> human = Candidate("GSM1", "a", fields=(("organism", "Homo sapiens"),))
    >>> mouse = Candidate("GSM2", "b", fields=(("organism", "Mus musculus"),))
    >>> cautions([human, mouse])
    ['the samples come from several organisms: Homo sapiens (GSM1); Mus musculus (GSM2)']
    """
    return [
        *_several("organism", "come from several organisms", candidates),
        *_several("platform", "were measured on several platforms", candidates),
        *_shared(candidates),
        *_other_reference(candidates, reference),
    ]


def _several(field: str, words: str, candidates: Sequence[Candidate]) -> Iterator[str]:
    owners: dict[str, list[str]] = {}
    for one in candidates:
        for value in dict.fromkeys(one.values(field)):
            owners.setdefault(value, []).append(one.accession)
    if len(owners) > 1:
        told = "; ".join(f"{value} ({_named(names)})" for value, names in owners.items())
        yield f"the samples {words}: {told}"


def _shared(candidates: Sequence[Candidate]) -> Iterator[str]:
    """Yield samples that share a library, or libraries that share a biological sample."""
    owners: dict[str, list[str]] = {}
    for one in candidates:
        names = [f"library {name}" for name in one.values("library name")]
        for link in (*sorted(one.links - {one.accession}), *names):
            owners.setdefault(link, []).append(one.accession)
    for link, names in owners.items():
        if len(names) > 1:
            what = "one biological sample" if link.startswith("SAM") else "one library"
            yield (
                f"{_named(names)} share {link}: they come from {what} and are not independent "
                "replicates"
            )


def _other_reference(
    candidates: Sequence[Candidate], reference: ReferenceSettings | None
) -> Iterator[str]:
    if reference is None or reference.source == "files":
        return
    wanted = _COMMON.get(reference.organism, normal(reference.organism))
    others = {
        value for one in candidates for value in one.values("organism") if normal(value) != wanted
    }
    if others:
        yield (
            f"the samples come from {', '.join(sorted(others))}, but acquire.reference is for "
            f"{reference.organism}"
        )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
