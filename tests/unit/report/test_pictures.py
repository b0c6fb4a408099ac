"""Figures are embedded with enough pixels to be read."""

from __future__ import annotations

import pytest

from lotwise.report.pictures import NARROW, picture_of
from lotwise.report.run_tables import read_findings

Image = pytest.importorskip("PIL.Image")


def drawn(tree, pixels, **options):
    root = tree.write_all()
    (root / "figures").mkdir(exist_ok=True)
    Image.new("RGB", pixels).save(root / "figures/one.png", dpi=(300, 300))
    findings = read_findings(root)
    return picture_of(findings, root / "figures/one", caption="one", alt="one", **options)


def test_picture_of__a_figure_too_wide_for_the_text_can_be_enlarged(tree):
    """Four panels side by side, 11 inches, were shown in 7 inches."""
    picture = drawn(tree, (3300, 900))
    assert picture.wide
    assert picture.width > 3300 / 300 * 96, "smaller than the figure itself on a screen"


@pytest.mark.parametrize(
    ("pixels", "options"), [((2100, 900), {}), ((3300, 900), {"most_pixels": NARROW})]
)
def test_picture_of__others_are_kept_small(tree, pixels, options):
    picture = drawn(tree, pixels, **options)
    assert (picture.wide, picture.width) == (False, NARROW)
