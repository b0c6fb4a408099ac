"""Figures of the run, small enough to be embedded in the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.report.run_tables import Findings

_QUALITY: Final = 75
# Scatter plots with many panels need more pixels than bars and lines.
WIDE: Final = 1_700
NARROW: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A figure: its address (the encoded bytes), its description, and its size.

    ``missing`` tells why there is none.
    """

    caption: str
    alt: str
    address: str = ""
    width: int = 0
    height: int = 0
    missing: str = ""
    wide: bool = False
    block: str = "picture"


def picture_of(
    findings: Findings, stem: Path, *, caption: str, alt: str, most_pixels: int = NARROW
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
        Maximum number of pixels of the longer side.
    """
    png, svg = (stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "svg"))
    if findings.made(png):
        try:
            image, width, height = _webp(png, most_pixels)
        except (OSError, SyntaxError):  # Pillow raises these for a file that is not an image
            why = f"{png.parent.name}/{png.name} is damaged"
            return Picture(caption=caption, alt=alt, missing=why)
        address = _address("image/webp", image)
        wide = most_pixels > NARROW
        return Picture(
            caption=caption, alt=alt, address=address, width=width, height=height, wide=wide
        )
    if findings.made(svg):
        return Picture(
            caption=caption, alt=alt, address=_address("image/svg+xml", svg.read_bytes())
        )
    pdf = stem.with_name(f"{stem.name}.pdf")
    why = (
        f"the run drew it only as PDF ({pdf.parent.name}/{pdf.name}); add png to figures.formats"
        if findings.made(pdf)
        else "the run did not draw it"
    )
    return Picture(caption=caption, alt=alt, missing=why)


def _webp(path: Path, most_pixels: int) -> tuple[bytes, int, int]:
    from PIL import Image

    with Image.open(path) as drawn:
        image = drawn.convert("RGB")
    image.thumbnail((most_pixels, most_pixels), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    image.save(packed, format="WEBP", quality=_QUALITY, method=6)
    return packed.getvalue(), image.width, image.height


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
