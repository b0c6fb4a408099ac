"""Figures of the run, small enough to be embedded in the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lotwise.report.run_tables import Findings

_QUALITY: Final = 75
# For figures of many pixels, so that a page of 24 samples stays below 5 MB.
_QUALITY_OF_WIDE: Final = 60
# Scatter plots and heatmaps of many samples need more pixels than bars and lines; the page enlarges
# them on request.
WIDE: Final = 1_900
NARROW: Final = 1_000
# The text of a figure drawn wider than this, in inches, is too small to read in the page; with so
# many pixels it can be read.
_MOST_INCHES: Final = 8.0
_LEGIBLE: Final = 1_500
_USUAL_DPI: Final = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A figure: its address (the encoded bytes), its description, and its size.

    ``missing`` tells why there is none. ``files`` are its files, below the root of the results.
    """

    caption: str
    alt: str
    address: str = ""
    width: int = 0
    height: int = 0
    missing: str = ""
    files: tuple[str, ...] = ()
    wide: bool = False
    block: str = "picture"


def picture_of(
    findings: Findings, stem: Path, *, caption: str, alt: str, most_pixels: int | None = None
) -> Picture:
    """Return a figure of the run for the page, as WebP from its PNG, or its SVG unchanged.

    A file that is not on record comes from an earlier run and is not shown.

    Parameters
    ----------
    findings
        The recorded results of the run.
    stem
        Path without the suffix.
    caption, alt
        Text below the figure, and its description for screen readers.
    most_pixels
        Maximum number of pixels of the longer side; by default more for a figure that was drawn
        wider than 8 inches.
    """
    made = {suffix: stem.with_name(f"{stem.name}.{suffix}") for suffix in ("pdf", "svg", "png")}
    made = {suffix: path for suffix, path in made.items() if findings.made(path)}
    names = tuple(path.relative_to(findings.root).as_posix() for path in made.values())
    drawn = Picture(caption=caption, alt=alt, files=names)
    if "png" in made:
        try:
            image, width, height = _webp(made["png"], most_pixels)
        except (OSError, SyntaxError):  # Pillow raises these for a file that is not an image
            return replace(drawn, missing=f"{names[-1]} is damaged")
        return replace(
            drawn,
            address=_address("image/webp", image),
            width=width,
            height=height,
            wide=max(width, height) > NARROW,
        )
    if "svg" in made:
        return replace(drawn, address=_address("image/svg+xml", made["svg"].read_bytes()))
    only_pdf = "the run wrote this figure only as PDF; add 'png' to the setting 'figures.formats'"
    return replace(drawn, missing=only_pdf if made else "the run did not draw it")


def _webp(path: Path, most_pixels: int | None) -> tuple[bytes, int, int]:
    from PIL import Image

    with Image.open(path) as drawn:
        image = drawn.convert("RGB")
        inches = drawn.width / drawn.info.get("dpi", (_USUAL_DPI,))[0]
    if most_pixels is None:
        most_pixels = _LEGIBLE if inches > _MOST_INCHES else NARROW
    image.thumbnail((most_pixels, most_pixels), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    quality = _QUALITY if most_pixels <= NARROW else _QUALITY_OF_WIDE
    image.save(packed, format="WEBP", quality=quality, method=4)
    return packed.getvalue(), image.width, image.height


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
