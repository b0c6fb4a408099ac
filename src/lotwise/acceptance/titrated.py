"""What a titration found: the tables, and the sentence of what criteria would let through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from lotwise.acceptance.criteria import OVERALL
from lotwise.files.records import Record, column
from lotwise.tree import TITRATION, TITRATION_CURVE
from lotwise.wording import listed

OWN: Final = "the profile is from this batch"
"""Reason of a batch into which the profile was not mixed."""
# How the reason of a criterion begins that detects nothing.
BLIND: Final = "it passes with"


@dataclass(frozen=True, kw_only=True, slots=True)
class TitrationRecord(Record):
    """The smallest share of a profile that a criterion detects in a batch."""

    table: ClassVar[str] = TITRATION
    batch: str = column("batch into which the profile was mixed")
    criterion: str = column("id of the criterion, or overall for the verdict")
    profile: str = column("profile that was mixed in")
    caught_from: float = column(
        "every repeat is detected at this share and at all larger shares tried; the smallest such "
        "share, or NaN if there is none"
    )
    earliest: float = column(
        "at least one repeat is detected at this share and at all larger shares tried; the "
        "smallest such share, or NaN if there is none"
    )
    passed: float = column("largest share tried at which at least one repeat passes")
    n_repeats: int = column("repeats, each with newly drawn counts")
    criteria_sha256: str = column("SHA-256 of the content of the criteria")
    reason: str = column("why no share is given; empty otherwise")


@dataclass(frozen=True, kw_only=True, slots=True)
class TitrationCurveRecord(Record):
    """How often a criterion detects a share of a profile: a point of an operating curve."""

    table: ClassVar[str] = TITRATION_CURVE
    criterion: str = column("id of the criterion, or overall for the verdict")
    profile: str = column("profile that was mixed in")
    share: float = column("share of the profile, as a fraction of all transcripts")
    caught: float = column(
        "fraction of mixtures (batches x repeats) in which the profile was detected, in [0, 1]"
    )
    n_mixtures: int = column("number of mixtures: batches x repeats")


def titration_sentence(rows: Sequence[Mapping[Any, Any]]) -> str:
    """Return what the whole verdict would have passed, in one sentence.

    Parameters
    ----------
    rows
        Rows of :class:`TitrationRecord`.

    Examples
    --------
    >>> row = {"criterion": "overall", "profile": "iPSC", "passed": 0.12, "n_repeats": 3,
    ...     "batch": "lot1", "reason": ""}
    >>> titration_sentence([row])
    'These criteria would have passed a lot with up to 12 % of iPSC mixed in. This was the...'
    """
    of_verdict = [row for row in rows if row["criterion"] == OVERALL]
    profile = of_verdict[0]["profile"]
    tried = [row for row in of_verdict if row["n_repeats"]]
    own = [str(row["batch"]) for row in of_verdict if row["reason"] == OWN]
    left_out = (
        f" The profile was not mixed into {listed(own)}, because it is from there." if own else ""
    )
    if not tried:
        others = (row for row in rows if row["criterion"] != OVERALL and row["reason"] != OWN)
        not_passed = dict.fromkeys(str(row["criterion"]) for row in others if not row["n_repeats"])
        return (
            f"These criteria do not pass even without {profile} mixed in (not passed: "
            f"{listed([*not_passed])}). Therefore no shares of {profile} were tested for the whole "
            "verdict; each criterion that passes was tested alone."
        )
    passed = max(float(row["passed"]) for row in tried)
    if passed == 0:
        found = f"These criteria detected even the smallest share of {profile} that was tried."
        return found + left_out
    n_repeats = max(int(row["n_repeats"]) for row in tried)
    return (
        f"These criteria would have passed a lot with up to {100 * passed:.3g} % of {profile} "
        f"mixed in. This was the largest share tried at which a repeat passed (repeats per batch: "
        f"{n_repeats}).{left_out}"
    )


def blind_criteria(rows: Sequence[Mapping[Any, Any]]) -> dict[str, list[str]]:
    """Return the criteria that pass with the largest share tried, each with its batches.

    Examples
    --------
    >>> row = {"criterion": "r", "batch": "lot1", "reason": "it passes with 50 % mixed in"}
    >>> blind_criteria([row])
    {'r': ['lot1']}
    """
    found: dict[str, list[str]] = {}
    for row in rows:
        if str(row["reason"]).startswith(BLIND):
            found.setdefault(str(row["criterion"]), []).append(str(row["batch"]))
    return found
