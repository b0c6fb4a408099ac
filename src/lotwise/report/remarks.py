"""A remark of the report: its topic, its sentences, and whether it is a concern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

State = Literal["computed", "concern", "unknown"]
# Characters of a list of names within a sentence.
LONGEST_PART: Final = 240


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One or two sentences about what R shows.

    Attributes
    ----------
    topic
        Subject of the remark.
    text
        The sentences.
    state
        ``concern`` if a reader must look here before trusting R, ``unknown`` if the remark could
        not be computed.
    """

    topic: str
    text: str
    state: State = "computed"


def not_computed(topic: str, statistic: str) -> Remark:
    """Return the remark for a statistic that is switched off in the run."""
    text = f"Not computed in this run (the statistic {statistic} is switched off)."
    return Remark(topic=topic, text=text, state="unknown")


def sentence(text: str) -> str:
    """Return words as a sentence, with a capital and a full stop; empty for none.

    Examples
    --------
    >>> sentence("two batches; one reader")
    'Two batches; one reader.'
    """
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def concerns(remarks: Sequence[Remark]) -> Iterator[Remark]:
    """Yield the remarks that a reader must see before any R."""
    return (remark for remark in remarks if remark.state == "concern")
