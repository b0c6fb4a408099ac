"""Style and saving of all figures: colour-blind safe colours, and R in digits."""

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

# Okabe & Ito 2008, distinguishable by colour-blind readers; black is reserved for text.
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
    "text.parse_math": False,  # names may contain $ and _, and our texts have no formulas
}
_LONGEST_NAME: Final = 40
_RASTER_DPI: Final = 300
_MARGIN: Final = 0.08  # inches
_MOST_PIXELS: Final = 3_200  # per side; more shows no more detail and takes seconds


@contextmanager
def lotwise_style() -> Iterator[None]:
    """Draw with the fonts and line widths of lotwise, whatever the caller has set."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        yield


def colours_of(batches: Sequence[str]) -> dict[str, str]:
    """Return a colour for each batch, in order of first occurrence; they repeat after 8."""
    return dict(zip(dict.fromkeys(batches), cycle(OKABE_ITO), strict=False))


def batch_marks(colours: Mapping[str, str]) -> list[Patch]:
    """Return the legend entries of batches; none if colours repeat and so are ambiguous."""
    from matplotlib.patches import Patch

    if len(colours) > len(OKABE_ITO):
        return []
    return [Patch(color=colour, label=shorten(batch)) for batch, colour in colours.items()]


def repeated_colours(colours: Mapping[str, str]) -> str:
    """Return a sentence if colours repeat; empty if each batch has its own colour.

    Examples
    --------
    >>> repeated_colours(colours_of("abcdefghij")), repeated_colours(colours_of("abc"))
    ('10 batches share 8 colours', '')
    """
    n = len(colours)
    return f"{n:,} batches share {len(OKABE_ITO)} colours" if n > len(OKABE_ITO) else ""


def shorten(name: str) -> str:
    """Shorten a name that is too long for its place, keeping both ends.

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
    """Return the name of the scale, in TPM or the declared unit; c if the constant is unknown.

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
        # The caller may be outside of lotwise_style.
        figure.text(
            0.5, -0.03, note, ha="center", va="top", fontsize=size, fontweight="bold",
            color=IDENTITY_LINE, parse_math=False,
        )  # fmt: skip


def save_figure(figure: Figure, stem: Path | str, formats: Sequence[str]) -> list[Path]:
    """Write a figure in each format, completely or not at all, without a time stamp.

    Returns
    -------
    The files written, ``{stem}.{format}``.
    """
    written = []
    no_date = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
    # fontTools logs every glyph that it keeps, which is of no interest.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    dpi = min(_RASTER_DPI, _MOST_PIXELS / max(figure.get_size_inches()))
    with lotwise_style():
        # Compute the layout once; savefig would do it again for every format.
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
