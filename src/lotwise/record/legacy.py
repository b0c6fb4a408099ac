"""Records of earlier versions of lotwise, converted to the present form.

Until version 0.1 a call was recorded as its words only, and one table and one option had other
names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lotwise.keys import LEVELS

_COMMANDS: Final = (
    "fetch", "check", "quantify", "expression", "correlate", "evidence", "figures", "verdict",
    "verify", "workbook", "compare",
)  # fmt: skip
_WITH_LEVEL: Final = frozenset({"correlate", "evidence", "figures"})
# Options of version 0.1 that take no value.
_FLAGS: Final = frozenset(
    {"--no-evidence", "--no-report", "--register", "--offline", "--yes", "--bootstraps",
     "--no-bootstraps", "--verbose", "--quiet"}
)  # fmt: skip
_RENAMED_OPTIONS: Final = {"reference": "reference_folder"}
_RENAMED_KEYS: Final = {"n_culprits": "n_contributions"}
_RENAMED_ROLES: Final = {"reference set": "accepted set"}
# Tables by the end of their name: in version 0.1, and now.
_RENAMED_TABLES: Final = {
    "culprits.tsv": "contributions.tsv",
    "equivalence.tsv": "equivalence.parquet",
    "isoform_usage.tsv": "isoform_usage.parquet",
}


def fields_of_words(command: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a call of lotwise that was recorded as words.

    Examples
    --------
    >>> found = fields_of_words(["lotwise", "evidence", "--note", "gene", "isoform", "--out=r"])
    >>> found["step"], found["level"], found["options"]
    ('evidence', 'isoform', {'note': 'gene', 'out': 'r'})
    """
    arguments: list[str] = []
    options: dict[str, Any] = {}
    samples: list[str] = []
    for name, value in _options(list(command)[1:]):
        if not name:
            arguments.append(value)
        elif name == "sample":
            samples.append(value)
        else:
            options[_RENAMED_OPTIONS.get(name, name)] = value
    # Words of another program may come before the command, but not in a call of lotwise.
    step = arguments[0] if arguments and arguments[0] in _COMMANDS else ""
    levels = [word for word in arguments[1:] if word in LEVELS]
    return {
        "step": step,
        "level": levels[0] if levels and step in _WITH_LEVEL else "",
        "samples": samples,
        "options": options,
    }


def renewed(told: Any) -> Any:
    """Return a record in the form of this version, with the present names.

    Examples
    --------
    >>> old = {"outputs": [{"path": "correlation/gene.culprits.tsv"}],
    ...        "inputs": [{"role": "reference set"}],
    ...        "configuration": {"correlation": {"n_culprits": 20}}}
    >>> renewed(old)["outputs"], renewed(old)["configuration"]
    ([{'path': 'correlation/gene.contributions.tsv'}], {'correlation': {'n_contributions': 20}})
    >>> renewed(old)["inputs"]
    [{'role': 'accepted set'}]
    """
    if not isinstance(told, Mapping) or told.get("record_format", 1) != 1:
        return told
    found = {**told, "record_format": 2}
    if isinstance(told.get("configuration"), Mapping):
        found["configuration"] = _renamed(told["configuration"])
    if isinstance(told.get("inputs"), list):
        found["inputs"] = [
            {**one, "role": _RENAMED_ROLES.get(str(one.get("role")), one.get("role"))}
            if isinstance(one, Mapping)
            else one
            for one in told["inputs"]
        ]
    if isinstance(told.get("outputs"), list):
        found["outputs"] = [
            {**one, "path": current_name(str(one.get("path")))} if isinstance(one, Mapping) else one
            for one in told["outputs"]
        ]
    return found


def current_name(path: str) -> str:
    """Return the present name of a result file of an earlier version."""
    return _renamed_table(path, _RENAMED_TABLES)


def earlier_name(path: str) -> str:
    """Return the name that an earlier version gave to a result file."""
    return _renamed_table(path, {now: before for before, now in _RENAMED_TABLES.items()})


def _renamed_table(path: str, names: Mapping[str, str]) -> str:
    found = re.fullmatch(r"(.*/(?:gene|isoform)\.)(\w+\.\w+)", path)
    return found[1] + names[found[2]] if found and found[2] in names else path


def _renamed(section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _RENAMED_KEYS.get(key, key): _renamed(value) if isinstance(value, Mapping) else value
        for key, value in section.items()
    }


def _options(words: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield pairs of an option's name and value; an argument has an empty name."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--") and "=" in word:
            name, value = word[2:].split("=", 1)
            yield name.replace("-", "_"), value
        elif word in _FLAGS:
            yield word[2:].replace("-", "_"), True
        elif word.startswith("--"):
            yield word[2:].replace("-", "_"), next(rest, "")
        elif word == "-o":
            yield "out", next(rest, "")
        elif not (word.startswith("-") and len(word) > 1):
            yield "", word
