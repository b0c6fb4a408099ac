"""How figures look."""

from __future__ import annotations

from lotwise.pl.style import OKABE_ITO, colours_of


def test_colours_of__each_batch_has_one_and_they_come_again():
    batches = [str(i % 10) for i in range(20)]
    colours = colours_of(batches)
    assert list(colours) == [str(i) for i in range(10)]
    assert list(colours.values()) == [*OKABE_ITO, *OKABE_ITO[:2]]
