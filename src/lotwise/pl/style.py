"""How all figures look and are saved: colours that colour-blind readers tell apart, R in digits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.files.atomic import atomic_path

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

_RC: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.linewidth": 0.6,
    "pdf.fonttype": 42,  # text stays text in PDF ...
    "svg.fonttype": "none",  # ... and in SVG
    "svg.hashsalt": "lotwise",  # equal figures are equal files
    "figure.dpi": 100,
    "text.parse_math": False,  # names hold $ and _, and none of our words are formulas
}
_LONGEST_NAME: Final = 40
_RASTER_DPI: Final = 300
_MARGIN: Final = 0.08  # inches
_MOST_PIXELS: Final = 3_200  # a side; more shows nothing more and costs seconds


@contextmanager
def lotwise_style() -> Iterator[None]:
    """Draw with the fonts and line widths of lotwise, whatever the caller has set."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        yield


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


def save_figure(figure: Figure, stem: Path | str, formats: Sequence[str]) -> list[Path]:
    """Write a figure in each format, whole or not at all, and without a time stamp.

    Returns
    -------
    The files written, ``{stem}.{format}``.
    """
    written = []
    no_date = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
    # fontTools tells of every glyph that it keeps; nobody needs that in a log.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    dpi = min(_RASTER_DPI, _MOST_PIXELS / max(figure.get_size_inches()))
    with lotwise_style():
        # Laid out and measured once: savefig would do both again for every format.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        box = figure.get_tightbbox().padded(_MARGIN)
        for suffix in formats:
            target = Path(f"{stem}.{suffix}")
            with atomic_path(target) as temporary:
                figure.savefig(
                    temporary,
                    format=suffix,
                    dpi=dpi,
                    metadata=no_date.get(suffix),
                    bbox_inches=box,
                )
            written.append(target)
    return written
