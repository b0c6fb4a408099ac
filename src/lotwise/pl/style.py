"""How all figures look: colours that colour-blind readers tell apart, names that fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

# Okabe & Ito 2008, the set that colour-blind readers tell apart; black stays for text.
OKABE_ITO: Final = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
)
IDENTITY_LINE: Final = "#D55E00"
NOT_DEFINED: Final = "#DDDDDD"

_LONGEST_NAME: Final = 40


def colours_of(batches: Sequence[str]) -> dict[str, str]:
    """Give each batch a colour, in the order of first occurrence; after 8 they come again."""
    return dict(zip(dict.fromkeys(batches), cycle(OKABE_ITO), strict=False))


def batch_marks(colours: Mapping[str, str]) -> list[Patch]:
    """Give the entries of a legend of batches; none where colours come again, which say nothing."""
    from matplotlib.patches import Patch

    if len(colours) > len(OKABE_ITO):
        return []
    return [Patch(color=colour, label=shorten(batch)) for batch, colour in colours.items()]


def repeated_colours(colours: Mapping[str, str]) -> str:
    """Say that colours come again; empty where each batch has its own.

    Examples
    --------
    >>> repeated_colours(colours_of("abcdefghij")), repeated_colours(colours_of("abc"))
    ('10 batches share 8 colours', '')
    """
    n = len(colours)
    return f"{n:,} batches share {len(OKABE_ITO)} colours" if n > len(OKABE_ITO) else ""


def shorten(name: str) -> str:
    """Keep both ends of a name that would take the room of what it names.

    Examples
    --------
    >>> shorten("lot1"), len(shorten("x" * 10_000))
    ('lot1', 41)
    """
    half = _LONGEST_NAME // 2
    return (
        name
        if len(name) <= _LONGEST_NAME
        else f"{name[:half]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"
    )


def log_tpm_words(pseudocount: float | None, unit: str = "TPM") -> str:
    """Name the scale, of TPM or the unit that was declared; c where the constant is not known.

    Examples
    --------
    >>> log_tpm_words(0.1), log_tpm_words(None)
    ('log2(TPM + 0.1)', 'log2(TPM + c)')
    >>> log_tpm_words(1, "CPM")
    'log2(CPM + 1)'
    """
    return f"log2({unit} + {'c' if pseudocount is None else format(pseudocount, 'g')})"


def add_note(figure: Figure, note: str, *, size: float = 8.0) -> None:
    """Print a line of ``size`` points below a figure; nothing where ``note`` is empty."""
    if note:
        # The caller may stand outside of lotwise_style.
        figure.text(
            0.5, -0.03, note, ha="center", va="top", fontsize=size, fontweight="bold",
            color=IDENTITY_LINE, parse_math=False,
        )  # fmt: skip
