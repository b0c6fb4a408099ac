"""Criteria from YAML: built-in ones by name, others from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from lotwise.acceptance.criteria import Criteria, Criterion, Need
from lotwise.errors import InputError
from lotwise.files.shipped import shipped
from lotwise.files.yaml import parse_yaml
from lotwise.wording import nearest

SHIPPED: Final = ("example", "encode_isogenic", "encode_anisogenic")


@dataclass(frozen=True, kw_only=True, slots=True)
class CriteriaFile:
    """Criteria, the name by which they were requested, and the text they were read from."""

    name: str
    criteria: Criteria
    text: str

    @property
    def file_sha256(self) -> str:
        """SHA-256 of the bytes of the file, including comments and layout."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest() if self.text else ""


def path_of_criteria(name: Path | str) -> Path:
    """Return the path of a criteria file: a built-in one by its name, others by their path.

    Examples
    --------
    >>> path_of_criteria("mine.yaml").name, path_of_criteria("example").name
    ('mine.yaml', 'example.yaml')
    """
    if str(name) not in SHIPPED:
        return Path(name)
    return shipped("config", "acceptance", f"{name}.yaml")


def read_criteria(name: Path | str) -> CriteriaFile:
    """Read and check criteria.

    Raises
    ------
    InputError
        There is no such file, it is not YAML, a key is repeated or unknown (the message suggests
        the nearest valid key), or a criterion asks for something that cannot be judged.

    Examples
    --------
    >>> len(read_criteria("encode_isogenic").criteria.criteria)
    2
    """
    path = path_of_criteria(name)
    try:
        # Not read_text: it would replace the line ends of a file from Windows, and its SHA-256.
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise InputError(
            "no such acceptance criteria",
            path=path,
            remedy=f"built-in criteria are {', '.join(SHIPPED)}",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from None
    return CriteriaFile(name=str(name), criteria=parse_criteria(text, source=path), text=text)


def parse_criteria(text: str, *, source: Path | str) -> Criteria:
    """Return the checked criteria from YAML text; ``source`` is their name in messages.

    Raises
    ------
    InputError
        See :func:`read_criteria`.
    """
    found = parse_yaml(text, source=source)
    if not isinstance(found, dict):
        raise InputError(
            "has no criteria; the keys 'title' and 'criteria' are required", path=source
        )
    try:
        return Criteria.model_validate(found)
    except ValidationError as error:
        raise _first_fault(error, found, source) from None


def _first_fault(error: ValidationError, found: dict[Any, Any], source: Path | str) -> InputError:
    """Return pydantic's list as one line; unknown keys first, since they explain the rest."""
    faults = error.errors()
    fault = next((item for item in faults if item["type"] == "extra_forbidden"), faults[0])
    steps = list(fault["loc"])
    model: type[BaseModel] = Criteria
    place = ""
    if steps[:1] == ["criteria"] and len(steps) > 1:
        model = Criterion
        place = f"criterion {_name_of(found, steps[1])}: "
        steps = steps[2:]
        if steps[:1] == ["needs"] and len(steps) > 1:
            model, steps = Need, steps[2:]
            place = f"{place}needs: "
    key = str(steps[0]) if steps else ""
    if fault["type"] == "extra_forbidden":
        remedy = nearest(key, _keys(model))
        return InputError(f"{place}key {key!r} is unknown", path=source, remedy=remedy)
    words = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        words = f"key {key!r} is missing"
    elif key:
        words = f"key {key!r} is {fault['input']!r}; {words[:1].lower()}{words[1:]}"
    return InputError(f"{place}{words}", path=source)


def _name_of(found: dict[Any, Any], step: int | str) -> str:
    """Return the name of a criterion: its id, or its position if it has none."""
    listed = found["criteria"]
    one = listed[step] if isinstance(listed, list) and isinstance(step, int) else None
    named = one.get("id") if isinstance(one, dict) else None
    return repr(named) if isinstance(named, str) else f"number {int(step) + 1}"


def _keys(model: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in model.model_fields.items())
