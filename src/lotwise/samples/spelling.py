"""Labels of samples in two spellings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lotwise.errors import InputError
from lotwise.samples.sample import Sample

# Columns whose labels decide which samples belong together.
_GROUPING_COLUMNS: Final = ("batch", "donor", "condition")
# Not of decimals: 0.05 is not 0.5.
_LEADING_ZEROS: Final = re.compile(r"(?<![\d.,])0+(?=\d)")
# A hyphen at the end may mean negative, as in CD4-.
_BEFORE_NUMBER: Final = re.compile(r"(?<=[^\W\d_])[\s_.-]+(?=\d)|(?<=\d)[\s_.-]+(?=[^\W\d_])")
_SEPARATORS: Final = re.compile(r"(?<=[^\W_])[\s_.-]+(?=[^\W_])")


def refuse_two_spellings(samples: Iterable[Sample], path: Path | None = None) -> None:
    """Refuse a label in two spellings: a batch would be compared with itself, or with nothing.

    Raises
    ------
    InputError
        Two labels of ``batch``, ``donor`` or ``condition`` differ in case, spaces, separators or
        leading zeros only.
    """
    seen: dict[tuple[str, str], Sample] = {}
    for sample in samples:
        for column in _GROUPING_COLUMNS:
            label = getattr(sample, column)
            first = seen.setdefault((column, fold_spelling(label)), sample)
            other = getattr(first, column)
            if other != label:
                raise InputError(
                    f"{label!r} of sample {sample.sample!r} and {other!r} of {first.sample!r} "
                    "differ only in spelling (case, spaces, separators or leading zeros)",
                    path=path,
                    row=sample.row,
                    column=column,
                    remedy=f"if both mean the same {column}, write the same name for both; "
                    "otherwise rename one",
                )


def fold_spelling(label: str) -> str:
    """Return a label without case, separators and leading zeros, which people write differently.

    Examples
    --------
    >>> fold_spelling("Lot_07") == fold_spelling("lot 7") == fold_spelling("LOT7")
    True
    >>> fold_spelling("0.05") == fold_spelling("0.5"), fold_spelling("CD4-") == fold_spelling("CD4")
    (False, False)
    """
    plain = unicodedata.normalize("NFKC", label).casefold()
    plain = "".join(one for one in plain if unicodedata.category(one) != "Cf").strip()
    plain = _BEFORE_NUMBER.sub("", _LEADING_ZEROS.sub("", plain))
    return _SEPARATORS.sub("-", plain)
