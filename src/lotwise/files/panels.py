"""Panels of marker genes (YAML) and gene sets (GMT)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from lotwise.errors import InputError
from lotwise.files.shipped import shipped
from lotwise.files.yaml import parse_yaml
from lotwise.wording import nearest

Expected = Literal["present", "absent", "female", "male"]
SHIPPED: Final = ("sex", "msc_identity", "residual_pluripotency")

_ENSEMBL: Final = re.compile(r"ENS[A-Z]*\d{11}\.")
_EXPECTED: Final[dict[str, Expected]] = {
    "present": "present",
    "absent": "absent",
    "female": "female",
    "male": "male",
}
_PANEL_KEYS: Final = (
    "name", "title", "source", "notes", "features", "present_from", "absent_below",
)  # fmt: skip
_FEATURE_KEYS: Final = ("symbol", "ensembl", "expected", "specific", "note")
# Half of the annotated genes reach 1 TPM in some tissue; cell type markers are well above it.
PRESENT_TPM: Final = 10.0
ABSENT_TPM: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """A gene of a panel, by symbol and Ensembl id, with its expected state.

    Attributes
    ----------
    group
        Markers of one group are alternatives: one of them is sufficient. Empty for a marker that
        must be as expected by itself.
    specific
        Whether an unexpected state is a warning; other markers are only listed.
    note
        What a reader should know about the marker.
    """

    symbol: str
    expected: Expected
    ensembl: str = ""
    group: str = ""
    specific: bool = True
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """Markers with their source and the TPM limits for present and absent."""

    name: str
    title: str
    source: str
    markers: tuple[Marker, ...]
    present_from: float = PRESENT_TPM
    absent_below: float = ABSENT_TPM
    notes: str = ""


def plain_id(name: str) -> str:
    """Return an Ensembl id of any species without its version; other names keep their dots.

    Examples
    --------
    >>> plain_id("ENSMUSG00000000001.5"), plain_id("ENSG00000182378.14_PAR_Y"), plain_id("NKX2.5")
    ('ENSMUSG00000000001', 'ENSG00000182378', 'NKX2.5')
    """
    return name.split(".", maxsplit=1)[0] if _ENSEMBL.match(name) else name


def read_panel(panel: Path | str) -> Panel:
    """Read a panel: a built-in panel by its name, any other panel from its YAML file.

    Raises
    ------
    InputError
        The panel does not exist, or the file does not define a panel.

    Examples
    --------
    >>> [marker.symbol for marker in read_panel("sex").markers][:2]
    ['XIST', 'RPS4Y1']
    """
    name = str(panel)
    path = shipped("config", "panels", f"{name}.yaml") if name in SHIPPED else Path(panel)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            "no such panel", path=path, remedy=f"built-in panels: {', '.join(SHIPPED)}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from error
    found = _panel_of(parse_yaml(text, source=path), path)
    if found.name in SHIPPED and name not in SHIPPED:
        raise InputError(
            f"{found.name!r} is the name of a built-in panel",
            path=path,
            remedy="give your panel another name",
        )
    return found


def read_gene_sets(path: Path | str) -> dict[str, tuple[str, ...]]:
    r"""Read gene sets from a GMT file: name, description, genes, separated by tabs.

    Raises
    ------
    InputError
        The file is missing or empty, a line has no genes, or a name occurs twice.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> gmt = Path(mkdtemp()) / "sets.gmt"
    >>> _ = gmt.write_text("HYPOXIA\thttp\tVEGFA\tCA9\n")
    >>> read_gene_sets(gmt)
    {'HYPOXIA': ('VEGFA', 'CA9')}
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such GMT file", path=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read as text ({error})", path=path) from error
    sets: dict[str, tuple[str, ...]] = {}
    for row, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, *rest = (field.strip() for field in line.split("\t"))
        genes = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
        if not name or not genes:
            raise InputError(
                "each line must have a name, a description and genes, separated by tabs",
                path=path,
                row=row,
            )
        if name in sets:
            raise InputError(f"the set {name!r} occurs twice", path=path, row=row)
        sets[name] = genes
    if not sets:
        raise InputError("contains no gene set", path=path)
    return sets


def _panel_of(found: Any, path: Path) -> Panel:
    if not isinstance(found, dict):
        raise InputError(
            "is not a panel; the keys 'name', 'source' and 'features' are required", path=path
        )
    _refuse_unknown(found, _PANEL_KEYS, path)
    features = found.get("features")
    if not isinstance(found.get("name"), str) or not isinstance(features, list) or not features:
        raise InputError("a panel needs a name and a list of features", path=path)
    markers = tuple(_markers_of(features, path))
    _refuse_twice("symbol", [marker.symbol for marker in markers], path)
    _refuse_twice("Ensembl id", [marker.ensembl for marker in markers], path)
    present_from = _limit_of(found, "present_from", PRESENT_TPM, path)
    absent_below = _limit_of(found, "absent_below", ABSENT_TPM, path)
    if present_from < absent_below:
        raise InputError(
            f"'present_from' is {present_from:g} and 'absent_below' is {absent_below:g}: a gene "
            "with a TPM between the two would be both present and absent",
            path=path,
            remedy="set 'absent_below' to a value <= 'present_from'",
        )
    return Panel(
        name=found["name"],
        title=_text_of(found, "title", path) or found["name"],
        source=_text_of(found, "source", path),
        notes=_text_of(found, "notes", path),
        markers=markers,
        present_from=present_from,
        absent_below=absent_below,
    )


def _limit_of(found: dict[Any, Any], key: str, default: float, path: Path) -> float:
    limit = found.get(key, default)
    number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not number or not 0 < limit < float("inf"):
        raise InputError(f"'{key}' must be a TPM > 0, got {limit!r}", path=path)
    return float(limit)


def _text_of(found: dict[Any, Any], key: str, path: Path) -> str:
    # A key without a value has no text.
    text = "" if found.get(key) is None else found[key]
    if not isinstance(text, str):
        raise InputError(
            f"'{key}' must be text, got {text!r}; put text in quotation marks", path=path
        )
    return " ".join(text.split())


def _refuse_twice(what: str, names: list[str], path: Path) -> None:
    """Raise an error if a gene is listed twice: it cannot have two expected states."""
    for name, count in Counter(plain_id(name) for name in names if name).items():
        if count > 1:
            raise InputError(
                f"the {what} {name!r} occurs {count} times",
                path=path,
                remedy="keep only one of them",
            )


def _markers_of(features: list[Any], path: Path) -> Iterator[Marker]:
    for feature in features:
        if not isinstance(feature, dict) or "any_of" not in feature:
            yield _marker_of(feature, path, group="")
            continue
        _refuse_unknown(feature, ("any_of",), path)
        group = feature["any_of"]
        if not isinstance(group, list) or len(group) < 2:
            raise InputError(
                "'any_of' must be a list of two or more features, each with a symbol", path=path
            )
        named = [one.get("symbol") if isinstance(one, dict) else one for one in group]
        for one in group:
            yield _marker_of(one, path, group=" or ".join(map(str, named)))


def _marker_of(feature: Any, path: Path, *, group: str) -> Marker:
    if not isinstance(feature, dict) or not isinstance(feature.get("symbol"), str):
        raise InputError(
            f"the feature {feature!r} has no symbol (a symbol that looks like a number needs "
            "quotation marks in YAML)",
            path=path,
        )
    _refuse_unknown(feature, _FEATURE_KEYS, path)
    symbol, specific = feature["symbol"], feature.get("specific", True)
    expected = _EXPECTED.get(str(feature.get("expected")))
    if expected is None:
        raise InputError(
            f"'expected' of {symbol} is {feature.get('expected')!r}, but must be one of "
            f"{', '.join(_EXPECTED)}",
            path=path,
        )
    if group and expected not in {"present", "absent"}:
        raise InputError(
            f"{symbol} is listed under 'any_of', but its 'expected' is {expected}; use 'present' "
            "or 'absent' there",
            path=path,
        )
    if not isinstance(specific, bool):
        raise InputError(
            f"'specific' of {symbol} must be true or false, got {specific!r}", path=path
        )
    return Marker(
        symbol=symbol,
        ensembl=_text_of(feature, "ensembl", path),
        expected=expected,
        group=group,
        specific=specific,
        note=_text_of(feature, "note", path),
    )


def _refuse_unknown(found: dict[Any, Any], known: tuple[str, ...], path: Path) -> None:
    for key in found:
        if key not in known:
            raise InputError(f"unknown key {key!r}", path=path, remedy=nearest(str(key), known))
