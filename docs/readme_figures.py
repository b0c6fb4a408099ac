"""Make the README's figures small: those of `make demo`, narrower and with fewer colours.

python docs/readme_figures.py results/demo/figures docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

WIDTHS = {
    "extended_data_fig1_gene": 800,
    "extended_data_fig2_isoform": 800,
    "gene_detectable": 900,
}
N_COLOURS = 128


def main() -> None:
    made, target = map(Path, sys.argv[1:])
    target.mkdir(exist_ok=True)
    for name, width in WIDTHS.items():
        with Image.open(made / f"{name}.png") as figure:
            height = round(figure.height * width / figure.width)
            small = figure.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        small.quantize(N_COLOURS).save(target / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
