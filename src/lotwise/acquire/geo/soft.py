"""A series from GEO's family SOFT file, checked for completeness and parsed by GEOparse.

GEOparse loses data silently: of two blocks with the same name the first is lost, as is a block
without lines; a relation without a colon stops it; ``!word_`` within a value is removed. The
file is therefore checked and prepared line by line before GEOparse reads it.
SOFT: https://www.ncbi.nlm.nih.gov/geo/info/soft.html
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.geo.record import Fields, Series, assemble
from lotwise.acquire.text import MOST_TEXT, MOST_UNPACKED, lines_of
from lotwise.errors import InputError

_logger = logging.getLogger(__name__)

_BLOCKS: Final = frozenset({"DATABASE", "SERIES", "PLATFORM", "SAMPLE"})
# Replacements for text that GEOparse would remove from a value; private Unicode characters.
_MARK: Final = "\ue000"
_TABLE: Final = "\ue001"
# GEOparse splits the field "relation" at its colon and fails if there is none.
_RELATION: Final = "lotwiserelation"
_INCOMPLETE: Final = "the file is incomplete: remove it and run again"


def read_soft(path: Path, accession: str) -> Series:
    """Read ``GSE..._family.soft(.gz)``.

    Raises
    ------
    The file is damaged, belongs to another series, or is incomplete; the message gives the
    line or the sample.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "family.soft"
        with prepared.open("w", encoding="utf-8", newline="\n") as out:
            n_kept = 0
            for line in _prepare(path):
                n_kept += out.write(line + "\n")
                if n_kept > MOST_TEXT:
                    words = f"has more than {MOST_TEXT:,} bytes outside its tables"
                    raise WrongAnswerError(words, path=path)
        record = _parse(prepared, path)
    samples = {name: _fields(sample.metadata) for name, sample in record.gsms.items()}
    return assemble(accession, _fields(record.metadata), samples, origin=str(path))


def _parse(prepared: Path, path: Path) -> Any:
    # GEOparse configures its own logger: level DEBUG, to standard error.
    import GEOparse

    logging.getLogger("GEOparse").setLevel(logging.ERROR)
    try:
        return GEOparse.get_GEO(
            filepath=str(prepared), geotype="GSE", open_kwargs={"encoding": "utf-8"}
        )
    except Exception as error:
        raise InputError(f"GEOparse cannot read the file ({error})", path=path) from error


def _prepare(path: Path) -> Iterator[str]:
    """Check each line, skip data tables, and protect what GEOparse would change."""
    seen: set[str] = set()
    in_table, block, n_fields = False, "", 1
    for number, raw in enumerate(lines_of(path, most=MOST_UNPACKED), start=1):
        line = raw.rstrip()
        if re.fullmatch(r"!\w+_table_(begin|end)", line):
            in_table = "_table_begin" in line
        elif line.startswith("^"):
            if in_table:
                raise InputError(_no_end(block), path=path, row=number, remedy=_INCOMPLETE)
            if n_fields == 0:
                raise InputError(f"{block} has no lines", path=path, row=number - 1)
            block = _check_block(line, seen, path, number)
            n_fields = 0
            yield line
        elif line.startswith("!") and not in_table:
            n_fields += 1
            yield _guard(line, path, number)
        elif line and not in_table and not line.startswith("#"):
            raise WrongAnswerError(
                f"the line does not belong to any record: {line[:60]!r}",
                path=path,
                row=number,
                remedy="the file is damaged: remove it and run again",
            )
    if in_table:
        raise InputError(_no_end(block), path=path, remedy=_INCOMPLETE)
    if not seen:
        raise WrongAnswerError("contains no record", path=path)


def _no_end(block: str) -> str:
    return f"the table of {block} has no line table_end"


def _check_block(line: str, seen: set[str], path: Path, number: int) -> str:
    match = re.fullmatch(r"\^(\w+)\s*=\s*(\S+)", line)
    if match is None or match[1] not in _BLOCKS:
        raise WrongAnswerError(
            f"{line[:60]!r} is not the beginning of a known record", path=path, row=number
        )
    block = f"{match[1]} {match[2]}"
    if block in seen or (match[1] == "SERIES" and any(name.startswith("SERIES") for name in seen)):
        raise InputError(f"{block} occurs twice", path=path, row=number)
    seen.add(block)
    return block


def _guard(line: str, path: Path, number: int) -> str:
    name, equals, value = line.partition("=")
    match = re.fullmatch(r"!([A-Z][a-z]+)_(\S+)\s*", name)
    if match is None:
        raise InputError(f"{line[:60]!r} is not a line of SOFT", path=path, row=number)
    key = _RELATION if match[2] == "relation" else match[2]
    if not equals:
        _logger.debug("%s, line %d: %s has no value", path, number, name)
    # GEOparse would treat text after a carriage return as a separate line.
    value = value.replace("\r", " ").strip()
    guarded = value.replace("!", _MARK).replace("_table_", _TABLE)
    return f"!{match[1]}_{key} = {guarded}"


def _fields(metadata: dict[str, list[str]]) -> Fields:
    return {
        "relation" if name == _RELATION else name: tuple(
            value.replace(_MARK, "!").replace(_TABLE, "_table_") for value in values
        )
        for name, values in metadata.items()
    }
