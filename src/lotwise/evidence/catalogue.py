"""All statistics, found in the modules of this package.

A module of this package that declares ``STATISTIC`` is found automatically; a module outside the
package calls :func:`register`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

import lotwise.evidence
from lotwise.evidence.statistic import ResultTable, Statistic
from lotwise.files.records import Record, declared

_REGISTERED: Final[dict[str, Statistic]] = {}
_DISCOVERED: Final[list[str]] = []


def register(statistic: Statistic) -> None:
    """Add a statistic declared by a module outside this package.

    Call it before a configuration is read or a command line is built.

    Raises
    ------
    ValueError
        There is already a statistic of that name.
    """
    if statistic.name in {one.name for one in statistics()}:
        msg = f"there is already a statistic {statistic.name!r}"
        raise ValueError(msg)
    _REGISTERED[statistic.name] = statistic


def statistics() -> tuple[Statistic, ...]:
    """Return every statistic, in the order in which they are computed and listed.

    Examples
    --------
    >>> [statistic.name for statistic in statistics()][:2]
    ['pairs', 'replicate_qc']
    """
    if not _DISCOVERED:
        for found in pkgutil.iter_modules(lotwise.evidence.__path__, "lotwise.evidence."):
            statistic = getattr(importlib.import_module(found.name), "STATISTIC", None)
            if statistic is not None:
                _REGISTERED[statistic.name] = statistic
            _DISCOVERED.append(found.name)
    return tuple(sorted(_REGISTERED.values(), key=lambda one: (one.place, one.name)))


def optional() -> tuple[Statistic, ...]:
    """Return the statistics that can be switched on and off in the configuration."""
    return tuple(one for one in statistics() if one.folder == "evidence")


def tables() -> dict[str, ResultTable]:
    """Return every table of the statistics by its name.

    Examples
    --------
    >>> tables()["unseen"].statistic.name
    'detectable'
    """
    found = {}
    for statistic in statistics():
        for shown in statistic.tables:
            name = shown.name or shown.record.table
            found[name] = ResultTable(
                name=name, record=shown.record, statistic=statistic, shown=shown
            )
    return found


def records() -> tuple[type[Record], ...]:
    """Return the record of each table that can be switched on and off in the configuration."""
    return tuple(shown.record for one in optional() for shown in one.tables)


def input_roles() -> tuple[str, ...]:
    """Return the roles of the files that statistics read in addition to the expression.

    Examples
    --------
    >>> input_roles()
    ('panel', 'allele counts', 'blocks', 'accepted set', 'attributes', 'gene sets')
    """
    return tuple(dict.fromkeys(given.role for one in statistics() for given in one.inputs))


def row_names() -> tuple[str, ...]:
    """Return the columns that identify a row, in the order in which they are printed.

    Examples
    --------
    >>> row_names()[:4]
    ('sample', 'sample_a', 'sample_b', 'batch')
    """
    named = dict.fromkeys(
        name
        for table in tables().values()
        for name, one in declared(table.record).items()
        if one.names_row
    )
    first = ("sample", "sample_a", "sample_b", "batch", "batch_a", "batch_b")
    return tuple(dict.fromkeys([*(name for name in first if name in named), *named]))
