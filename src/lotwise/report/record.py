"""Provenance as shown on the page; missing entries are reported as missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lotwise.report.tables import Column, Table, table_of
from lotwise.tree import PROVENANCE

_FACTS: Final = (
    ("started", "started"),
    ("ended", "ended"),
    ("criteria_sha256", "criteria, SHA-256"),
)
# What a command says, as fields for programs; the page leaves them to provenance.json.
_IN_THE_FILE: Final = frozenset({"sample", "step", "level", "samples", "options", "wrote"})
_TIMES: Final = ("started", "ended")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenanceRecord:
    """The content of ``provenance.json`` that the page shows."""

    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    configuration: str


def made_words(found: Mapping[str, Any], document_id: str) -> str:
    """Return when the run ended, with which version, and the name of the page.

    Examples
    --------
    >>> made_words({"ended": "2026-11-29T21:20:11.123+00:00", "lotwise": {"version": "0.2.0"}},
    ...            "LW-12")
    'Run of 2026-11-29 21:20 UTC, lotwise 0.2.0. Document LW-12.'
    >>> made_words({}, "LW-12")
    'Date and version of the run are not on record: there is no provenance.json. Document LW-12.'
    """
    document = f"Document {document_id}."
    when, told = found.get("ended") or found.get("started"), found.get("lotwise")
    if not isinstance(when, str) or not isinstance(told, Mapping):
        return (
            f"Date and version of the run are not on record: there is no {PROVENANCE}. {document}"
        )
    return f"Run of {_in_utc(when, '%H:%M')}, lotwise {told.get('version')}. {document}"


def record_of(found: Mapping[str, Any]) -> ProvenanceRecord | None:
    """Return provenance as facts and tables; ``None`` where there is none.

    Examples
    --------
    >>> record_of({}) is None
    True
    >>> record_of({"lotwise": {"version": "1.0"}, "seeds": {"evidence": 0}}).facts
    (('lotwise version', '1.0'), ('seed, evidence', '0'))
    >>> program = {"name": "salmon", "started": "2026-11-29T21:20:11.5+01:00", "sample": "S1"}
    >>> [table] = record_of({"programs": [program]}).tables
    >>> [cell.text for cell in table.rows[0]]
    ['salmon', '2026-11-29 20:20:11 UTC']
    """
    if not found:
        return None
    facts = [
        *_pairs("lotwise", found.get("lotwise")),
        *((label, str(found[key])) for key, label in _FACTS if found.get(key)),
        *_pairs("machine", found.get("machine")),
        *_pairs("seed,", found.get("seeds")),
    ]
    tables = [
        _table(found.get(key), key, caption)
        for key, caption in (("programs", "Programs run"), ("inputs", "Inputs and checksums"))
    ]
    configuration = found.get("configuration")
    return ProvenanceRecord(
        facts=tuple(facts),
        tables=tuple(table for table in tables if table is not None),
        configuration=json.dumps(configuration, indent=2, ensure_ascii=False)
        if configuration
        else "",
    )


def _in_utc(when: str, time: str) -> str:
    """Print a time of the record; text that is no time stays as it is."""
    try:
        return datetime.fromisoformat(when).astimezone(UTC).strftime(f"%Y-%m-%d {time} UTC")
    except ValueError:
        return when


def _pairs(name: str, found: Any) -> list[tuple[str, str]]:
    if not isinstance(found, Mapping):
        return []
    return [(f"{name} {key}", _text(value)) for key, value in found.items()]


def _table(found: Any, name: str, caption: str) -> Table | None:
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    if not rows:
        return None
    keys = list(dict.fromkeys(key for row in rows for key in row if key not in _IN_THE_FILE))
    printed = [{key: _text(row.get(key), key) for key in keys} for row in rows]
    columns = [Column(key, key.replace("_", " ")) for key in keys]
    return table_of(printed, columns, name=name, caption=caption, source=PROVENANCE)


def _text(value: Any, key: str = "") -> str:
    if value is None:
        return "not known"
    if key in _TIMES and isinstance(value, str):
        return _in_utc(value, "%H:%M:%S")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
