"""A remark of the page: what a person must know beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["computed", "concern", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One sentence or two about what R shows.

    Attributes
    ----------
    topic
        What it is about.
    text
        The sentences.
    state
        ``concern`` where a reader must look before trusting R, ``unknown`` where it could
        not be computed.
    """

    topic: str
    text: str
    state: State = "computed"
