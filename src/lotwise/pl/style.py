"""Style and saving of all figures, with colours that colour-blind readers can distinguish."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.wording import counted

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

# Taken only where the user's rcParams are still those of Matplotlib.
_LOOK: Final[Mapping[str, Any]] = {"font.family": ["DejaVu Sans"], "axes.linewidth": 0.6}
_FONT_SIZE: Final = 8.0
# The first of these that is installed draws what DejaVu Sans lacks, such as Chinese names.
_FALLBACK_FONTS: Final = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Droid Sans Fallback", "IPAGothic", "Hiragino Sans", "PingFang SC",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS",
)  # fmt: skip
_RC: Final[Any] = {
    "pdf.fonttype": 42,  # text stays text in PDF ...
    "svg.fonttype": "none",  # ... and in SVG
    "svg.hashsalt": "lotwise",  # equal figures are equal files
    "text.parse_math": False,  # names may contain $ and _, and our texts have no formulas
}
Palette = Mapping[str, str] | Sequence[str] | str

_LINE: Final = "line"
_LONGEST_NAME: Final = 40
_SHORT_NAME: Final = 10
_RASTER_DPI: Final = 300
_MARGIN: Final = 0.08  # inches
_MOST_PIXELS: Final = 3_200  # per side; more shows no more detail and takes seconds


@contextmanager
def lotwise_style() -> Iterator[None]:
    """Draw with the look of lotwise; fonts, sizes and colours that the user has set are kept.

    ``plt.style.use("dark_background")``, ``rcParams["font.family"]`` and ``rcParams["font.size"]``
    work as for any Matplotlib figure.
    """
    import matplotlib as mpl

    look: Any = {name: value for name, value in _LOOK.items() if _is_default(name)}
    if "font.family" in look:
        look["font.family"] = [*look["font.family"], *_fallback_fonts()]
    if _is_default("font.size"):
        look["font.size"] = _FONT_SIZE
    with mpl.rc_context({**look, **_RC}):
        yield


def _is_default(name: str) -> bool:
    import matplotlib as mpl

    ours: Any = mpl.rcParams
    default: Any = mpl.rcParamsDefault
    return bool(ours[name] == default[name])


@cache
def _fallback_fonts() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return tuple(name for name in _FALLBACK_FONTS if name in installed)[:1]


def scaled(points: float) -> float:
    """Return a size in points, multiplied by the user's ``font.size`` / lotwise's font size.

    Examples
    --------
    >>> with lotwise_style():
    ...     scaled(6)
    6.0
    """
    import matplotlib as mpl

    return float(points * mpl.rcParams["font.size"] / _FONT_SIZE)


def ink() -> str:
    """Return the colour of text: black by default, light in a dark style."""
    import matplotlib as mpl

    return str(mpl.rcParams["text.color"])


def paper() -> str:
    """Return the colour of the background of axes."""
    import matplotlib as mpl

    return str(mpl.rcParams["axes.facecolor"])


def colours_of(batches: Sequence[str], palette: Palette | None = None) -> dict[str, str]:
    """Return a colour for each batch, in the order of first occurrence.

    Parameters
    ----------
    batches
        Batch of each sample.
    palette
        Colours by batch, a list of colours, or a name that ``seaborn.color_palette`` accepts, such
        as "colorblind", "husl" or a colour map of Matplotlib. The default is the eight colours of
        Okabe and Ito. If a list has fewer colours than there are batches, the
        colours repeat.

    Raises
    ------
    InputError
        A batch has no colour, or there is no such palette.

    Examples
    --------
    >>> colours_of(["lot1", "lot2", "lot1"], ["red", "blue"])
    {'lot1': 'red', 'lot2': 'blue'}
    >>> colours_of(["lot1", "lot2"], "colorblind")
    {'lot1': '#0173b2', 'lot2': '#de8f05'}
    """
    names = list(dict.fromkeys(batches))
    if isinstance(palette, Mapping):
        without = [name for name in names if name not in palette]
        if without:
            raise InputError(f"the palette has no colour for {without[0]!r}")
        return {name: palette[name] for name in names}
    if isinstance(palette, str):
        palette = _colours_named(palette, len(names))
    return dict(zip(names, cycle(palette or OKABE_ITO), strict=False))


def _colours_named(name: str, n_colours: int) -> list[str]:
    # Takes a second to import, and is needed for named palettes only.
    import seaborn as sns

    try:
        return list(sns.color_palette(name, n_colours).as_hex())
    except ValueError:
        raise InputError(
            f"unknown palette {name!r}",
            remedy="choose a palette of seaborn or a colour map of Matplotlib",
        ) from None


def batch_marks(colours: Mapping[str, str]) -> list[Patch]:
    """Return the legend entries of batches; none if more than eight batches share colours."""
    from matplotlib.patches import Patch

    if repeated_colours(colours) and len(colours) > len(OKABE_ITO):
        return []
    return [Patch(color=colour, label=shorten(batch)) for batch, colour in colours.items()]


def repeated_colours(colours: Mapping[str, str]) -> str:
    """Return a sentence if batches share colours; otherwise an empty text.

    Examples
    --------
    >>> repeated_colours(colours_of("abcdefghij")), repeated_colours(colours_of("abc"))
    ('10 batches share 8 colours', '')
    >>> repeated_colours({"lot1": "black", "lot2": "black"})  # your own palette
    '2 batches share 1 colour'
    """
    n_colours = len(set(colours.values()))
    if n_colours == len(colours):
        return ""
    return f"{len(colours):,} batches share {counted(n_colours, 'colour')}"


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


def name_inches(names: Iterable[str], *, size: float) -> float:
    """Return how many inches the longest name is wider than ten letters; 0 if it is not wider.

    Examples
    --------
    >>> name_inches(["lot1"], size=7), name_inches(["x" * 30], size=7) > 1
    (0.0, True)
    """
    letters = max((sum(map(_letters, shorten(name))) for name in names), default=0)
    return max(0, letters - _SHORT_NAME) * 0.6 * scaled(size) / 72


def _letters(letter: str) -> int:
    """Return how many Latin letters are as wide as this one."""
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def beside_or_below(name: str, words: str) -> str:
    """Return a name and a description, on two lines if one line would be longer than an axis.

    Examples
    --------
    >>> beside_or_below("lot1", "log2(TPM + 1)")
    'lot1, log2(TPM + 1)'
    >>> beside_or_below("x" * 30, "log2(TPM + 1)").count(chr(10))
    1
    """
    name = shorten(name)
    return f"{name},{' ' if len(name) + len(words) <= _LONGEST_NAME else chr(10)}{words}"


def log_tpm_words(pseudocount: float | None, unit: str = "TPM") -> str:
    """Return the name of the scale in TPM or another unit, with c for an unknown constant.

    Examples
    --------
    >>> log_tpm_words(0.1), log_tpm_words(None)
    ('log2(TPM + 0.1)', 'log2(TPM + c)')
    >>> log_tpm_words(1, "CPM")
    'log2(CPM + 1)'
    """
    return f"log2({unit} + {'c' if pseudocount is None else format(pseudocount, 'g')})"


def add_note(figure: Figure, note: str, *, size: float = 8.0) -> None:
    """Print a note of ``size`` points at the lower edge of a figure, unless it is empty."""
    if note:
        add_line(figure, note, size=size, fontweight="bold", color=IDENTITY_LINE)


def add_line(figure: Figure, words: str, *, size: float, **font: Any) -> None:
    """Print a line at the lower edge of a figure, below all lines that are already there.

    The figure becomes taller by the height of the line. Therefore nothing is covered or cut off
    when the figure is saved.
    """
    from matplotlib.transforms import (
        BboxTransformTo,
        ScaledTranslation,
        blended_transform_factory,
    )

    height = _height(words, size)
    lines = [text for text in figure.texts if text.get_gid() == _LINE]
    for line in lines:
        line.set_y(line.get_position()[1] + height)
    # Inches from the lower edge of the figure, also where a file shows a cut-out of it.
    inches = figure.dpi_scale_trans + ScaledTranslation(0, 0, BboxTransformTo(figure.bbox))
    # The caller may stand outside of lotwise_style.
    figure.text(
        0.5, 0.3 * size / 72, words, ha="center", va="bottom", fontsize=size, parse_math=False,
        gid=_LINE, transform=blended_transform_factory(figure.transFigure, inches), **font,
    )  # fmt: skip
    width, before = figure.get_size_inches()
    set_size(figure, (float(width), float(before) + height))


def set_size(figure: Figure, size: tuple[float, float]) -> None:
    """Set the size of a figure in inches, and leave room for the lines at its lower edge."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure.set_size_inches(*size)
    lines = [text for text in figure.texts if text.get_gid() == _LINE]
    share = sum(_height(text.get_text(), float(text.get_fontsize())) for text in lines) / size[1]
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, share, 1, 1 - share))


def _height(words: str, size: float) -> float:
    return 1.5 * size / 72 * (words.count("\n") + 1)


def save_figure(
    figure: Figure,
    stem: Path | str,
    formats: Sequence[str],
    settings: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write a figure in each format, completely or not at all, without a time stamp.

    Parameters
    ----------
    figure
        The figure.
    stem
        Path without the suffix; a suffix that is one of the formats is left out.
    formats
        Formats of Matplotlib, such as ``("pdf", "png")``.
    settings
        ``rcParams`` to use in addition, such as those of the process that drew the figure.

    Returns
    -------
    The files written, ``{stem}.{format}``.
    """
    import matplotlib as mpl

    stem = Path(stem)
    if stem.suffix.removeprefix(".") in formats:
        stem = stem.with_suffix("")
    written = []
    user: Any = settings or {}
    # Half of the time of zlib's default level, for a tenth more bytes.
    png: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}}
    no_date = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
    # fontTools logs every glyph that it keeps, which is of no interest.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    dpi = min(_RASTER_DPI, _MOST_PIXELS / max(figure.get_size_inches()))
    with mpl.rc_context(user), lotwise_style():
        # Compute the layout once; with an engine, savefig would do it again for every format.
        figure.draw_without_rendering()
        with mpl.rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
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
                    **(png if suffix == "png" else {}),
                )
            written.append(target)
    return written
