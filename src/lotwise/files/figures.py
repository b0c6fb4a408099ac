"""Figures as files: with the fonts and line widths of lotwise, equal figures as equal bytes.

Light on purpose: the processes that write figures import it, and not what draws them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.files.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RC: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.linewidth": 0.6,
    "pdf.fonttype": 42,  # text stays text in PDF ...
    "svg.fonttype": "none",  # ... and in SVG
    "svg.hashsalt": "lotwise",  # equal figures are equal files
    "figure.dpi": 100,
    "figure.autolayout": False,  # each figure names its own layout
    "figure.constrained_layout.use": False,
    "text.parse_math": False,  # names hold $ and _, and none of our words are formulas
}
_RASTER_DPI: Final = 300
_MARGIN: Final = 0.08  # inches
_MOST_PIXELS: Final = 3_200  # a side; more shows nothing more and costs seconds


@contextmanager
def lotwise_style() -> Iterator[None]:
    """Draw with the fonts and line widths of lotwise, whatever the caller has set."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        yield


def save_figure(
    figure: Figure,
    stem: Path | str,
    formats: Sequence[str],
    settings: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write a figure in each format, whole or not at all, and without a time stamp.

    Parameters
    ----------
    figure
        The figure.
    stem
        Path without the suffix.
    formats
        Formats of matplotlib, such as ``("pdf", "png")``.
    settings
        Parameters of matplotlib that hold while it is written, beside those of lotwise.

    Returns
    -------
    The files written, ``{stem}.{format}``.
    """
    import matplotlib as mpl

    written = []
    no_date = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
    # fontTools tells of every glyph that it keeps; nobody needs that in a log.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    dpi = min(_RASTER_DPI, _MOST_PIXELS / max(figure.get_size_inches()))
    held: Any = settings or {}
    with mpl.rc_context(held), lotwise_style():
        # Laid out and measured once: with an engine, savefig would do both for every format.
        figure.draw_without_rendering()
        figure.set_layout_engine(None)
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
