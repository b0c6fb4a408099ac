"""The sequencing library of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.special import ndtr

from lotwise.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["sound", "failed", "shallow", "degraded"]
KINDS: Final[tuple[Kind, ...]] = ("sound", "failed", "shallow", "degraded")
Protocol = Literal["unstranded", "forward", "reverse"]

FAILED_N_FRAGMENTS: Final = 3_000
SHALLOW_DIVISOR: Final = 10
DEGRADED_REACH: Final = 300.0
"""``reach`` of a degraded library, in bases."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """A sequencing library: depth, fragments, reads and its fault.

    Attributes
    ----------
    n_fragments
        Number of read pairs (or single reads).
    kind
        ``sound``, or the simulated fault.
    fragment_length, fragment_sd
        Mean and standard deviation of the normal distribution of fragment lengths, in bases. The
        distribution is truncated below the read length and above the isoform's length.
    read_length
        Length of a read in bases.
    error_rate
        Fraction of bases that are read wrongly, in [0, 1].
    background
        Fraction of fragments from outside the annotated transcripts, in [0, 1].
    strandedness
        ``forward``: the first mate has the sense of the transcript; ``reverse``: it is
        antisense; ``unstranded``: either, with probability 1/2.
    paired
        Whether both ends are sequenced.
    reach
        Mean of the exponential distribution of a fragment's distance from the 3' end, in bases. The
        isoform's length truncates this distribution. Infinite for intact RNA: its fragments start
        at all positions with equal probability.
    """

    n_fragments: int
    kind: Kind = "sound"
    fragment_length: float = 220.0
    fragment_sd: float = 40.0
    read_length: int = 100
    error_rate: float = 0.003
    background: float = 0.05
    strandedness: Protocol = "unstranded"
    paired: bool = True
    reach: float = np.inf

    def __post_init__(self) -> None:
        if self.n_fragments < 1:
            raise InputError(f"n_fragments must be >= 1, got {self.n_fragments}")
        if not 0 <= self.error_rate <= 1 or not 0 <= self.background <= 1:
            raise InputError("error_rate and background must be in [0, 1]")
        if self.read_length < 1 or self.fragment_length < self.read_length:
            raise InputError(
                f"fragment_length must be >= read_length >= 1, got {self.fragment_length:g} and "
                f"{self.read_length}"
            )
        if self.fragment_sd <= 0 or self.reach <= 0:
            raise InputError("fragment_sd and reach must be > 0")

    @property
    def fragment_cdf(self) -> NDArray[np.float64]:
        """Fraction of fragments that have at most 0, 1, 2, ... bases.

        Fragment lengths have a normal distribution, rounded to whole bases. The distribution is
        truncated below the read length and above the mean plus five standard deviations.
        """
        longest = int(np.ceil(self.fragment_length + 5 * self.fragment_sd))
        edges = (np.arange(longest + 1) + 0.5 - self.fragment_length) / self.fragment_sd
        cdf = np.asarray(ndtr(edges), dtype=np.float64)
        cdf -= cdf[self.read_length - 1]
        cdf[: self.read_length] = 0.0
        cdf /= cdf[-1]
        return cdf

    def effective_lengths(self, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean number of positions at which a fragment can start, by isoform.

        ``length - mean length of fragments that fit + 1``, as defined by kallisto and salmon
        (Bray et al. 2016, 10.1038/nbt.3519); 1 if no fragment fits.
        """
        cdf = self.fragment_cdf
        probability = np.diff(cdf, prepend=0.0)
        weighted = np.cumsum(probability * np.arange(cdf.size))
        fit = np.minimum(lengths, cdf.size - 1)
        with np.errstate(invalid="ignore"):
            mean_fit = weighted[fit] / cdf[fit]
        return np.where(cdf[fit] > 0, lengths - mean_fit + 1, 1.0)

    def yields(self, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the number of fragments per molecule of each isoform, up to a common factor."""
        effective = self.effective_lengths(lengths)
        if np.isinf(self.reach):
            return effective
        surviving: NDArray[np.float64] = self.reach * -np.expm1(-effective / self.reach)
        return surviving

    def fragment_shares(
        self, tpm: NDArray[np.float64], lengths: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the expected fraction of fragments of each isoform; sums to 1."""
        weights = tpm * self.yields(lengths)
        weights /= weights.sum()
        return weights


def make_library(
    kind: Kind, *, n_fragments: int, strandedness: Protocol = "unstranded", paired: bool = True
) -> Library:
    """Return the library of a sample without or with a simulated fault.

    ``failed`` has 3,000 fragments (or ``n_fragments`` if that is lower), ``shallow`` a tenth of
    ``n_fragments``, ``degraded`` has fragments near the 3' end only.

    Examples
    --------
    >>> make_library("shallow", n_fragments=200_000).n_fragments
    20000
    """
    depth = {
        "failed": min(FAILED_N_FRAGMENTS, n_fragments),
        "shallow": max(1, n_fragments // SHALLOW_DIVISOR),
    }
    return Library(
        n_fragments=depth.get(kind, n_fragments),
        kind=kind,
        strandedness=strandedness,
        paired=paired,
        reach=DEGRADED_REACH if kind == "degraded" else np.inf,
    )
