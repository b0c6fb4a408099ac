"""A stored set of accepted batches, with which new batches are compared.

The set is one h5ad file. It has one row per sample with TPM and estimated counts. In
``uns["lotwise"]`` it has a version, which increases by one with every addition, and a history of
what was added, when, by which version of lotwise and from which file. Sets of lotwise 0.1 contain
averages of batches without counts. They can be read, but libraries cannot be thinned to one depth.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lotwise import keys
from lotwise.errors import InputError, WiderLimitsWarning, warn
from lotwise.expression.abundance import Abundance
from lotwise.expression.checks import check_tpm, warn_of_sums
from lotwise.expression.declared import UNREADABLE
from lotwise.expression.labels import batches_of, conditions_of, require_tpm
from lotwise.expression.layers import layer_of, tpm_of
from lotwise.expression.noted import noted
from lotwise.files.atomic import atomic_path, exclusive
from lotwise.files.checksums import checksum
from lotwise.metrics.batches import reference_interval
from lotwise.metrics.correlation import pearson_matrix

if TYPE_CHECKING:
    from anndata import AnnData

# The name in uns is that of lotwise 0.1, so that its sets can be read.
_KEPT: Final = "reference"


def add_to_accepted(
    expression: AnnData, path: Path | str, *, source: Path | str = "", note: str = ""
) -> int:
    """Add the batches of ``expression`` to the accepted set at ``path``; create it if missing.

    Parameters
    ----------
    expression
        Samples x features with the layers ``tpm`` and, if available, ``counts``, and the obs
        columns ``batch`` and, if there are several, ``condition``.
    path
        The accepted set, an h5ad file.
    source
        The file from which the expression was read; its SHA-256 is stored.
    note
        Why the batches were accepted.

    Returns
    -------
    The version of the set after the addition.

    Raises
    ------
    InputError
        A batch is already in the set, a sample is not in TPM or has the same values as another,
        the features or the level differ, or the file is not an accepted set or was edited.

    Warns
    -----
    WiderLimitsWarning
        The limits for the next batch are wider than before.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> add_to_accepted(gene, Path(mkdtemp()) / "accepted.h5ad")
    1
    """
    path = Path(path)
    # Locked from reading to renaming: of two processes, the second adds to the result of the first.
    with exclusive(path.with_name(f".{path.name}.lock")):
        return _append(expression, path, source=source, note=note)


def retire_from_accepted(path: Path | str, batch: str, *, reason: str) -> int:
    """Remove a batch from an accepted set; the reason stays in its history.

    Returns
    -------
    The version of the set after the removal.

    Raises
    ------
    InputError
        There is no such batch, it is the only one, no reason is given, or the set was edited.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "accepted.h5ad"
    >>> import lotwise
    >>> _ = add_to_accepted(lotwise.datasets.three_batches().gene, path)
    >>> retire_from_accepted(path, "lot1", reason="made by the old process")
    2
    """
    path = Path(path)
    if not reason.strip():
        raise InputError("give a reason for retiring a batch", path=path)
    with exclusive(path.with_name(f".{path.name}.lock")):
        held = read_accepted(path)
        of = np.array(batches_of(held), dtype=object)
        if batch not in of:
            raise InputError(f"has no batch {batch!r}", path=path)
        if (of == batch).all():
            raise InputError(f"cannot retire {batch!r}, the only batch of the set", path=path)
        told = {"retired": [batch], "added": [], "source": "", "sha256": "", "note": reason}
        return _write(_samples(held[of != batch].copy()), path, _history(held, path), told)


def _append(new: AnnData, path: Path, *, source: Path | str, note: str) -> int:
    kept: dict[str, Any] = {"version": 0, "history": []}
    _check_samples(new, source)
    stored = _samples(new)
    before = np.nan
    if path.exists():
        held = read_accepted(path)
        kept = _history(held, path)
        before = _lower_limit(_samples(held))
        stored = combine_with_accepted(held, new, path)
    _refuse_copies(stored, path)
    after = _lower_limit(stored)
    if after < before:
        warn(
            f"{path}: the addition widens the limits: the lower limit of R for a new batch was "
            f"{before:.4f} and is now {after:.4f}; check that the added batches are acceptable",
            WiderLimitsWarning,
        )
    stored.uns[keys.LOTWISE] = {keys.LEVEL: _level_of(new)}
    told = {
        "added": list(dict.fromkeys(batches_of(new))),
        "source": str(source),
        "sha256": checksum(Path(source)) if source else "",
        "note": note,
    }
    return _write(stored, path, kept, told)


def _write(stored: AnnData, path: Path, kept: dict[str, Any], told: dict[str, Any]) -> int:
    history = kept["history"]
    entry = {
        "version": kept["version"] + 1,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "lotwise": version("lotwise"),
        **told,
        "content_sha256": _content_sha256(stored),
        "previous": _entry_sha256(history[-1]) if history else "",
    }
    stored.uns[keys.LOTWISE] = {
        keys.LEVEL: _level_of(stored),
        _KEPT: json.dumps({"version": entry["version"], "history": [*history, entry]}),
    }
    with atomic_path(path) as temporary:
        stored.write_h5ad(temporary, compression="gzip")
    return int(entry["version"])


def _check_samples(new: AnnData, source: Path | str) -> None:
    """Raise for samples that are not in TPM, with the same checks as for every input."""
    import polars as pl

    require_tpm(new, "a set of accepted batches")
    features = pl.Series(new.var_names.to_list(), dtype=pl.String)
    unknown = np.full(new.n_vars, np.nan)
    notices = []
    values = np.asarray(layer_of(new, keys.TPM), dtype=np.float64)
    for sample, tpm in zip(new.obs_names, values, strict=True):
        abundance = Abundance(
            quantifier="matrix",
            path=Path(source),
            features=features,
            tpm=tpm,
            counts=unknown,
            length=unknown,
        )
        notices.append(check_tpm(str(sample), abundance))
    warn_of_sums(notices)


def _refuse_copies(stored: AnnData, path: Path) -> None:
    """Raise if two samples have the same values: R between copies is 1 and means nothing."""
    seen: dict[bytes, str] = {}
    for name, values in zip(stored.obs_names, stored.layers[keys.TPM], strict=True):
        content = hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
        if content in seen:
            raise InputError(
                f"{name} has the same TPM as {seen[content]}, so it is a copy",
                path=path,
                remedy="add each library only once",
            )
        seen[content] = str(name)


def _lower_limit(stored: AnnData) -> float:
    """Return the lower limit of R for one more batch, from averages of the batches."""
    of = np.array(batches_of(stored), dtype=object)
    means = [stored.layers[keys.TPM][of == batch].mean(axis=0) for batch in dict.fromkeys(of)]
    if len(means) < 3:
        return float("nan")
    return reference_interval(pearson_matrix(np.log2(np.vstack(means) + 1))).prediction_lower


def _content_sha256(stored: AnnData) -> str:
    """Return the SHA-256 of names and values."""
    digest = hashlib.sha256()
    names = [
        stored.obs_names.to_list(),
        *(stored.obs[name].astype(str).to_list() for name in (keys.BATCH, keys.CONDITION)),
        stored.var_names.to_list(),
    ]
    digest.update(json.dumps(names).encode())
    for name in (keys.TPM, keys.COUNTS):
        layer = np.ascontiguousarray(np.asarray(stored.layers[name], dtype=np.float64))
        digest.update(layer.tobytes())
    return digest.hexdigest()


def _entry_sha256(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def _samples(expression: AnnData) -> AnnData:
    """Return the part of an AnnData that a set stores: batch, condition, TPM and counts."""
    import pandas as pd
    from anndata import AnnData

    layers = {keys.TPM: tpm_of(expression), keys.COUNTS: np.full(expression.shape, np.nan)}
    if keys.COUNTS in expression.layers:
        layers[keys.COUNTS] = np.asarray(layer_of(expression, keys.COUNTS), dtype=np.float64)
    batches = batches_of(expression)
    samples = expression.obs.get(keys.SAMPLE, expression.obs_names.to_series())
    # A sample of a later run may have the name of an earlier one, so batch and sample are joined.
    named = zip(batches, samples, strict=True)
    obs = pd.DataFrame(
        {
            keys.SAMPLE: samples.to_numpy(dtype=object),
            keys.BATCH: batches,
            keys.CONDITION: conditions_of(expression),
        },
        index=pd.Index([f"{batch}: {sample}" for batch, sample in named], dtype=object),
    )
    return AnnData(
        X=np.log2(layers[keys.TPM] + 1), obs=obs, var=expression.var[[]].copy(), layers=layers
    )


def combine_with_accepted(held: AnnData, new: AnnData, path: Path | str) -> AnnData:
    """Return the samples of an accepted set and new ones in one AnnData, the accepted first.

    Raises
    ------
    InputError
        A batch is already in the set, or the features or the level differ.
    """
    import anndata

    path = Path(path)
    level, other = _level_of(held), _level_of(new)
    if level != other:
        raise InputError(f"contains {level}s, but the new batches have {other}s", path=path)
    if list(held.var_names) != list(new.var_names):
        shared = len(set(held.var_names) & set(new.var_names))
        raise InputError(
            f"has {held.n_vars:,} features and the new batches have {new.n_vars:,}; "
            f"{shared:,} are in both",
            path=path,
            remedy="quantify all batches with one annotation, in the same order",
        )
    accepted, added = _samples(held), _samples(new)
    twice = sorted(set(accepted.obs[keys.BATCH]) & set(added.obs[keys.BATCH]))
    if twice:
        raise InputError(f"already contains batch {twice[0]!r}", path=path)
    both = anndata.concat([accepted, added])
    both.uns[keys.LOTWISE] = {keys.LEVEL: level}
    return both


def read_accepted(path: Path | str) -> AnnData:
    """Read an accepted set, of this version of lotwise or of 0.1.

    Raises
    ------
    InputError
        The file is missing, is not an accepted set, is damaged, or was edited.
    """
    import anndata

    path = Path(path)
    try:
        found = anndata.read_h5ad(path)
        noted(found)
    except FileNotFoundError:
        raise InputError(
            "no such accepted set", path=path, remedy="create a set with `lotwise accepted add`"
        ) from None
    except UNREADABLE as error:
        raise InputError("is not an h5ad file", path=path) from error
    _verify(found, _history(found, path), path)
    return found


def _verify(found: AnnData, kept: dict[str, Any], path: Path) -> None:
    """Raise an error if the history or the values of a set differ from those written."""
    history = kept["history"]
    for earlier, entry in pairwise(history):
        if entry.get("previous", "") not in {"", _entry_sha256(earlier)}:
            raise InputError(
                f"its history was edited: version {entry.get('version')} does not contain the "
                "checksum of the version before it",
                path=path,
                remedy="restore the file that lotwise wrote",
            )
    told = history[-1].get("content_sha256") if history else None
    if told is None:
        return  # a set of 0.1 has no checksum
    missing = [name for name in (keys.TPM, keys.COUNTS) if name not in found.layers]
    missing += [name for name in (keys.BATCH, keys.CONDITION) if name not in found.obs]
    if missing:
        raise InputError(f"is damaged: it has no {missing[0]!r}", path=path)
    if _content_sha256(found) != told:
        raise InputError(
            f"was edited: names or values differ from those of version {kept['version']}",
            path=path,
            remedy="restore the file that lotwise wrote",
        )


def describe_accepted(path: Path | str) -> dict[str, Any]:
    """Return the level, the version, the batches and the history of an accepted set."""
    found = read_accepted(path)
    kept = _history(found, Path(path))
    return {
        "level": _level_of(found),
        "version": kept["version"],
        "n_features": found.n_vars,
        "batches": list(dict.fromkeys(batches_of(found))),
        "history": kept["history"],
    }


def _level_of(expression: AnnData) -> str:
    return str(noted(expression).get(keys.LEVEL, "gene"))


def _history(found: AnnData, path: Path) -> dict[str, Any]:
    text = noted(found).get(_KEPT)
    if not isinstance(text, str):
        raise InputError(
            "is not an accepted set of lotwise", path=path, remedy="use another file for the set"
        )
    try:
        kept: dict[str, Any] = json.loads(text)
        whole = isinstance(kept["version"], int) and all(
            isinstance(entry, dict) for entry in kept["history"]
        )
    except (ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise InputError("is damaged: its history cannot be read", path=path)
    return kept
