"""YAML parser that refuses repeated keys, of which the standard parser keeps only the last.

Snakemake reads the same configuration by PyYAML, as YAML 1.1. A parser of YAML 1.2 here (such as
ruamel.yaml) would read ``on``, ``no`` or ``1:30`` differently, so PyYAML is used here too.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from lotwise.errors import InputError


def parse_yaml(text: str, *, source: Path | str) -> Any:
    r"""Parse a YAML document.

    Parameters
    ----------
    text
        The document as text.
    source
        The file it was read from, for messages.

    Raises
    ------
    InputError
        It is not YAML, or a key occurs twice in a mapping; the message gives the row.

    Examples
    --------
    >>> parse_yaml("a: [1, 2]", source="config.yaml")
    {'a': [1, 2]}
    >>> parse_yaml("a: 1\na: 2", source="config.yaml")
    Traceback (most recent call last):
    lotwise.errors.InputError: config.yaml, row 2: is not YAML (the key 'a' occurs twice)
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            f"is not YAML ({getattr(error, 'problem', None) or error})",
            path=source,
            row=mark.line + 1 if mark else None,
        ) from None


_NUMBERS: Final = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_NOT_PLAIN: Final = re.compile(r"[-+]?0[0-9_]+|[-+]?0[xbo].*|.*[:_].*", re.IGNORECASE)


def _require_plain_number(node: yaml.ScalarNode) -> None:
    """Raise an error for numbers that YAML 1.1 reads in another base: 010 is 8, 1:30 is 90."""
    if _NOT_PLAIN.fullmatch(node.value):
        raise yaml.constructor.ConstructorError(
            None,
            None,
            f"YAML interprets {node.value!r} as a number in a special notation; write only "
            "decimal digits, or put text in quotation marks",
            node.start_mark,
        )


class _StrictLoader(yaml.SafeLoader):
    """Refuses repeated keys, of which YAML would silently keep the last."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node; invalid dates and numbers are named in the error."""
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS:
            _require_plain_number(node)
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"{node.value!r} looks like a date or number but is not valid: {error}; "
                "put text in quotation marks",
                node.start_mark,
            ) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the dictionary of a mapping whose keys are all different."""
        seen = set()
        for key, _ in node.value:
            # The base class refuses a key that is a list.
            word = key.value if isinstance(key, yaml.ScalarNode) else None
            if word in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {word!r} occurs twice", key.start_mark
                )
            seen |= {word} - {None}
        return super().construct_mapping(node, deep=deep)
