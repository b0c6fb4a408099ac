"""A remark of the page: what a person must know beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["computed", "concern", "unknown"]


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
