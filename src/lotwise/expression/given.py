"""Checks that a function was given an object of the kind that it works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lotwise.errors import InputError
from lotwise.samples import Sample, read_samples

_LEVELS: Final = "give one of its levels, 'gene' or 'isoform'"
_FRAME: Final = "lotwise.from_frame makes AnnData of a DataFrame of TPM"
_REMEDIES: Final = {
    "Quantification": _LEVELS,
    "Comparison": _LEVELS,
    "dict": _LEVELS,
    "DataFrame": _FRAME,
    "path": "read the file first, with lotwise.read_quant or, for an .h5ad file, anndata.read_h5ad",
    "None": "the samples were read without this level",
}
_MAPPING: Final = "give a mapping from sample names to these files"
_WHOLE: Final = (
    "give the result of lotwise.from_frame or lotwise.read_quant as a whole, as in "
    "lotwise.compare(lotwise.from_frame(...))"
)
_SAMPLES: Final = {
    "AnnData": _WHOLE,
    "tuple of AnnData": _WHOLE,
    "list of AnnData": _WHOLE,
    "DataFrame": "give the result of lotwise.from_frame for it",
    "Comparison": "its samples are already compared",
    "Quantification": "its samples are already read",
    "dict": "give the result of lotwise.read_quant for it",
    "list of path": _MAPPING,
    "tuple of path": _MAPPING,
}
_MAPPINGS: Final = {
    "AnnData": "give {'gene': expression} or {'isoform': expression}",
    "Quantification": "give {'gene': quantification.gene}",
    "Comparison": "give its attribute 'expression'",
}


def kind_of(given: object) -> str:
    """Return what an object is, for messages.

    Examples
    --------
    >>> kind_of(Path("gene.h5ad")), kind_of("gene.h5ad"), kind_of(None), kind_of({})
    ('path', 'path', 'None', 'dict')
    """
    if isinstance(given, str | Path):
        return "path"
    return "None" if given is None else type(given).__name__


def require_anndata(given: object) -> None:
    """Raise an error if an object is not an AnnData.

    Raises
    ------
    InputError
        It is something else; the message says how to get an AnnData from it.

    Examples
    --------
    >>> import lotwise
    >>> lotwise.tl.correlate(lotwise.datasets.three_batches())
    Traceback (most recent call last):
    lotwise.errors.InputError: expected an AnnData of samples x features, got Quantification; give
        one of its levels, 'gene' or 'isoform'
    """
    if not hasattr(given, "obs_names"):
        kind = kind_of(given)
        raise InputError(
            f"expected an AnnData of samples x features, got {kind}",
            remedy=_REMEDIES.get(kind, _FRAME),
        )


def require_levels(given: object) -> None:
    """Raise an error if an object is not a mapping from level to AnnData.

    Raises
    ------
    InputError
        It is something else; the message says what to give.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.profile_of(gene, sample="lot1")
    Traceback (most recent call last):
    lotwise.errors.InputError: expected a mapping from level to AnnData, got AnnData; give {'gene':
        expression} or {'isoform': expression}
    """
    if not isinstance(given, Mapping):
        kind = kind_of(given)
        raise InputError(
            f"expected a mapping from level to AnnData, got {kind}",
            remedy=_MAPPINGS.get(kind, "give {'gene': expression}, with an AnnData"),
        )
    for expression in given.values():
        require_anndata(expression)


def listed_samples(given: Path | str | Sequence[Sample]) -> tuple[Sample, ...]:
    """Return the samples of a sample sheet, or samples as they are.

    Raises
    ------
    InputError
        The sheet is invalid, or the object is something else; the message says what to give.

    Examples
    --------
    >>> import lotwise
    >>> lotwise.compare(lotwise.datasets.three_batches().gene)
    Traceback (most recent call last):
    lotwise.errors.InputError: expected a sample sheet or samples, got AnnData; give the result of
        lotwise.from_frame or lotwise.read_quant as a whole, as in
        lotwise.compare(lotwise.from_frame(...))
    """
    if isinstance(given, str | Path):
        return read_samples(given)
    kind = kind_of(given)
    if isinstance(given, list | tuple) and kind in {"list", "tuple"}:
        others = [one for one in given if not isinstance(one, Sample)]
        if not others:
            return tuple(given)
        kind = f"{kind} of {kind_of(others[0])}"
    raise InputError(
        f"expected a sample sheet or samples, got {kind}",
        remedy=_SAMPLES.get(kind, "give the path of a sample sheet"),
    )
