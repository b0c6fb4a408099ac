"""Attributes of a process change, declared before the data: what is compared, with what margin.

Imports pydantic only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from lotwise.config.section import Section
from lotwise.errors import InputError
from lotwise.files.yaml import parse_yaml
from lotwise.wording import nearest

Kind = Literal["panel", "gene", "gene_set", "r"]
_KINDS: Final[tuple[Kind, ...]] = ("panel", "gene", "gene_set", "r")
_Words = Annotated[str, Field(strict=True, pattern=r"\S")]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Lots = Annotated[int, Field(ge=2)]


class PlannedLots(Section):
    """Planned number of lots; with fewer, nothing is assessed."""

    pre: _Lots
    post: _Lots


class Attribute(Section):
    """One number per lot, and its largest acceptable difference."""

    name: _Words
    panel: _Words | None = Field(default=None, description="mean log2 TPM of a panel's markers")
    gene: _Words | None = Field(default=None, description="log2 TPM of a gene, by id or symbol")
    gene_set: _Words | None = Field(
        default=None, description="mean log2 TPM of a gene set in the GMT file"
    )
    r: Literal["median"] | None = Field(
        default=None,
        description="mean Fisher's z of R with the lots before the change; R of two lots is the "
        "median over pairs of samples",
    )
    margin: _Positive = Field(
        description="equivalence margin: largest acceptable difference of means"
    )
    rationale: _Words = Field(description="reason for this margin")
    sd: _Positive | None = Field(
        default=None, description="expected standard deviation between lots, to compute the power"
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            came = " and ".join(given) or "none"
            msg = f"give one of {', '.join(_KINDS)}, got {came}"
            raise ValueError(msg)
        return self

    @property
    def kind(self) -> Kind:
        """The kind of the number."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def of(self) -> str:
        """The panel, gene or set; or median of R."""
        return str(getattr(self, self.kind))


class Attributes(Section):
    """What to compare before and after a process change."""

    lots: PlannedLots = Field(description="planned numbers of lots")
    k: _Positive = Field(description="standard deviations of the quality range")
    attributes: tuple[Attribute, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [one.name for one in self.attributes]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            msg = f"two attributes are named {twice!r}"
            raise ValueError(msg)
        return self


def read_attributes(path: Path | str) -> Attributes:
    """Read the attributes of a process change from YAML.

    Raises
    ------
    InputError
        The file does not exist or does not declare attributes; the message gives the key.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "attributes.yaml"
    >>> _ = path.write_text('''
    ... lots: {pre: 6, post: 3}
    ... k: 3
    ... attributes:
    ... - {name: r, r: median, margin: 0.3, rationale: "that of the lots of 2025"}
    ... ''')
    >>> read_attributes(path).attributes[0].kind
    'r'
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("the file of attributes does not exist", path=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from None
    found = parse_yaml(text, source=path)
    if not isinstance(found, dict):
        raise InputError(
            "contains no keys; the keys 'lots', 'k' and 'attributes' are required", path=path
        )
    try:
        return Attributes.model_validate(found)
    except ValidationError as error:
        faults = error.errors()
        # An unknown key explains a missing one.
        fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
        place = ".".join(str(step + 1) if isinstance(step, int) else step for step in fault["loc"])
        words = fault["msg"].removeprefix("Value error, ")
        remedy = ""
        if fault["type"] == "extra_forbidden":
            known = Attribute if fault["loc"][:1] == ("attributes",) else Attributes
            words, remedy = "unknown key", nearest(str(fault["loc"][-1]), known.model_fields)
        raise InputError(f"{place or 'the file'}: {words}", path=path, remedy=remedy) from None
