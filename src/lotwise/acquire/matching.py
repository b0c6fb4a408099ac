"""Matching of table columns to samples by names, never by a number alone.

Columns and samples are named by different people. "batch 1" in a title and "lib1" in a column
name share the number 1 and may be different libraries; a number alone is not evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from lotwise.acquire.select import Chosen
from lotwise.errors import InputError

_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+")
# Minimum number of letters and digits for a part of a name to be evidence.
_SHORTEST: Final = 3


def match_columns(stems: Sequence[str], chosen: Sequence[Chosen]) -> dict[str, int] | str:
    """Match columns to samples one to one.

    A column named exactly like the sample (accession, title, batch, library, a line of its
    description) is preferred to a column that contains such a name or is contained in it. A name
    is contained only if no digit adjoins its digits and no letter adjoins its letters: "lot 1" is
    in "lot 1 a", but not in "lot 10" or "pilot 1".

    Parameters
    ----------
    stems
        Names of the columns without the word for their unit.
    chosen
        The samples.

    Returns
    -------
    The column index of each sample by accession, or the reason why there is none.

    Examples
    --------
    >>> from lotwise.acquire.select import Candidate
    >>> lots = [Chosen(Candidate(f"GSM{i}", f"MSC, batch {i}"), f"batch {i}") for i in (1, 2)]
    >>> match_columns(["MSC_batch_2", "MSC_batch_1"], lots)
    {'GSM1': 1, 'GSM2': 0}
    >>> match_columns(["lib2_MSC", "lib1_MSC"], lots)
    "GSM1 'MSC, batch 1' matches no column"
    """
    columns = [_tokens(stem) for stem in stems]
    matched: dict[str, int] = {}
    for one in chosen:
        exact = _exact(columns, one)
        found = exact or _contained(columns, one)
        if len(found) != 1:
            fitting = ", ".join(stems[place] for place in found) or "no column"
            return f"{one.candidate.accession} {one.candidate.title!r} matches {fitting}"
        matched[one.candidate.accession] = found[0]
    if len(set(matched.values())) < len(matched):
        return "one column matches several samples"
    return matched


def state_columns(
    names: Sequence[str], stems: Sequence[str], chosen: Sequence[Chosen], stated: Mapping[str, str]
) -> dict[str, int] | str:
    """Return the columns stated in the configuration, by whole names or by stems.

    Raises
    ------
    InputError
        A key is not one of the chosen samples.
    """
    by_name = {name: one for one in chosen for name in (one.candidate.title, one.batch)}
    by_name |= {one.candidate.accession: one for one in chosen}
    unknown = [key for key in stated if key not in by_name]
    if unknown:
        raise InputError(
            f"'deposited.columns' contains {unknown[0]!r}, which is not one of the chosen samples",
            remedy="choose from " + ", ".join(one.candidate.accession for one in chosen),
        )
    wanted = {by_name[key].candidate.accession: column for key, column in stated.items()}
    matched = {}
    for one in chosen:
        accession = one.candidate.accession
        if accession not in wanted:
            return f"deposited.columns has no column for {accession} {one.candidate.title!r}"
        column = wanted[accession]
        places = [place for place, name in enumerate(names) if name == column]
        places = places or [place for place, stem in enumerate(stems) if stem == column]
        if len(places) != 1:
            return f"{len(places)} columns are named {column!r}"
        matched[accession] = places[0]
    return matched


def suggest_columns(stems: Sequence[str], chosen: Sequence[Chosen]) -> str:
    """Return a line of configuration with the columns, to be corrected by the user.

    The columns are in the order of the table and the samples in the order of the series: the
    line is a form to fill in, not an answer.
    """
    cells = [*dict.fromkeys(stems), *["COLUMN"] * len(chosen)]
    pairs = zip((one.candidate.accession for one in chosen), cells, strict=False)
    return "{" + ", ".join(f"{accession}: {_quoted(stem)}" for accession, stem in pairs) + "}"


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _exact(columns: Sequence[Sequence[str]], one: Chosen) -> list[int]:
    keys = [key for name in one.names() if any(map(str.isalpha, key := _tokens(name)))]
    return [place for place, tokens in enumerate(columns) if tokens in keys]


def _contained(columns: Sequence[Sequence[str]], one: Chosen) -> list[int]:
    names = [_tokens(name) for name in one.names()]
    keys = [key for key in names if _is_telling(key)]
    return [
        place
        for place, tokens in enumerate(columns)
        if any(_contains(tokens, key) for key in keys)
        or (_is_telling(tokens) and any(_contains(name, tokens) for name in names))
    ]


def _is_telling(tokens: Sequence[str]) -> bool:
    """Return whether a part of a name with these words can identify a sample."""
    return any(map(str.isalpha, tokens)) and len("".join(tokens)) >= _SHORTEST


def _tokens(name: str) -> list[str]:
    """Split a name into words and numbers."""
    return _TOKEN.findall(name.casefold())


def _contains(tokens: Sequence[str], wanted: Sequence[str]) -> bool:
    starts = range(len(tokens) - len(wanted) + 1)
    return any(tokens[start : start + len(wanted)] == wanted for start in starts)
