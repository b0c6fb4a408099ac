"""Values of an AnnData as dense arrays, with the same checks as for files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError, LotwiseWarning, warn
from lotwise.expression.checks import refuse_wrong
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import unit_of
from lotwise.expression.noted import noted
from lotwise.expression.scale import FEWEST, are_logarithms, follows_logarithms
from lotwise.metrics.moments import FloatArray

if TYPE_CHECKING:
    from anndata import AnnData


def tpm_of(expression: AnnData, layer: str = keys.TPM) -> FloatArray:
    """Return TPM, or another layer on a linear scale, as a dense array of samples x features.

    A warning names a layer of logarithms, of which logarithms would be computed again.

    Raises
    ------
    InputError
        No such layer, or a value that is negative, infinite or NaN.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> gene.layers["tpm"][1, 0] = float("nan")
    >>> tpm_of(gene)
    Traceback (most recent call last):
    lotwise.errors.InputError: sample 'lot2': TPM of ... is nan (1 such value), but each value must
        be a number >= 0; keep only features with values in all samples...
    """
    values: FloatArray = np.asarray(layer_of(expression, layer), dtype=np.float64)
    _refuse_wrong(expression, values, layer)
    _warn_of_logarithms(expression, values, layer)
    return values


def values_by_sample(expression: AnnData, layer: str) -> list[FloatArray | None]:
    """Return a layer that samples may lack: ``None`` for a sample of which all values are NaN.

    Raises
    ------
    InputError
        A value is negative or infinite, or some values of a sample are NaN.
    """
    if layer not in expression.layers:
        return [None] * expression.n_obs
    values = np.asarray(layer_of(expression, layer), dtype=np.float64)
    found = [None if np.isnan(sample).all() else sample for sample in values]
    _refuse_wrong(expression, found, layer)
    return found


def _refuse_wrong(expression: AnnData, values: Iterable[FloatArray | None], layer: str) -> None:
    what = unit_of(expression) if layer == keys.TPM else repr(layer)
    for name, sample in zip(expression.obs_names, values, strict=True):
        if sample is not None:
            refuse_wrong(
                str(name),
                what,
                sample,
                expression.var_names,
                remedy="keep only features with values in all samples (anndata.concat with "
                "join='inner')"
                if np.isnan(sample).any()
                else "give values on a linear scale",
            )


def _warn_of_logarithms(expression: AnnData, values: FloatArray, layer: str) -> None:
    is_tpm = layer == keys.TPM
    if expression.n_vars < FEWEST or (is_tpm and unit_of(expression) != "TPM"):
        return
    logged = np.fromiter(map(are_logarithms, values), dtype=bool, count=len(values))
    if not logged.any():
        return
    at = int(np.argmax(logged))
    # A subset of features with low expression has such values, too. X of lotwise and, for another
    # layer, TPM tell them apart.
    if not logged.all():
        if not follows_logarithms(values[at], values[~logged].mean(axis=0)):
            return
    elif is_tpm:
        x: Any = None if expression.X is None else expression.X[:, :FEWEST]
        x = x.toarray() if hasattr(x, "toarray") else x
        if x is not None and np.allclose(x, np.log2(values[:, :FEWEST] + 1)):
            return
    elif keys.TPM in expression.layers and not all(
        map(follows_logarithms, values, np.asarray(layer_of(expression, keys.TPM)))
    ):
        return
    what = "TPM" if is_tpm else f"value of layer {layer!r}"
    remedy = "put TPM into layers['tpm']" if is_tpm else "give a layer that is not logged"
    warn(
        f"sample {str(expression.obs_names[at])!r}: the largest {what} is {values[at].max():.4g}, "
        f"so the values are probably logarithms; {remedy}, lotwise computes the logarithms",
        LotwiseWarning,
    )


def layer_of(expression: AnnData, name: str) -> Any:
    """Return a layer as a dense array of samples x features.

    Raises
    ------
    InputError
        The AnnData has no such layer.
    """
    require_anndata(expression)
    if name not in expression.layers:
        # From anndata 0.13 on, X is listed as a layer without a name.
        present = ", ".join(filter(None, expression.layers)) or "none"
        raise InputError(
            f"the AnnData has no layer {name!r}; it has {present}",
            remedy="create it with lotwise.read_quant, or put TPM into layers['tpm']",
        )
    layer = expression.layers[name]
    return layer.toarray() if hasattr(layer, "toarray") else layer


def log_tpm_of(expression: AnnData, pseudocount: float = 1.0) -> FloatArray:
    """Return log2(TPM + c) as a dense array of samples x features.

    Raises
    ------
    InputError
        No layer ``tpm``, or a pseudo-count that is not > 0: log2(0) is not defined.
    """
    if not pseudocount > 0:
        raise InputError(f"pseudocount must be > 0, got {pseudocount}")
    tpm = tpm_of(expression)
    log_tpm: FloatArray = np.log2(tpm + pseudocount)
    return log_tpm


def stored_bootstraps(expression: AnnData) -> Mapping[str, npt.NDArray[np.float32]]:
    """Return the estimated counts of each sample's bootstraps, bootstraps x features.

    Raises
    ------
    InputError
        The number of features of the bootstraps differs from that of the AnnData.
    """
    stored: Mapping[str, npt.NDArray[np.float32]] = noted(expression).get(keys.BOOTSTRAPS, {})
    for sample, counts in stored.items():
        if np.shape(counts)[1] != expression.n_vars:
            raise InputError(
                f"the bootstraps of sample {sample!r} cover {np.shape(counts)[1]:,} features, but "
                f"the AnnData has {expression.n_vars:,}",
                remedy="call this function before you select features",
            )
    return stored


def bootstraps_of(expression: AnnData, sample: str) -> FloatArray | None:
    """Return a sample's bootstraps as TPM, bootstraps x features; ``None`` where it has none."""
    stored = stored_bootstraps(expression)
    if sample not in stored or keys.LENGTH not in expression.layers:
        return None
    counts = np.asarray(stored[sample], dtype=np.float64)
    row = expression.obs_names.get_loc(sample)
    length = np.asarray(layer_of(expression, keys.LENGTH), dtype=np.float64)[row]
    rate = counts / np.where(length > 0, length, np.inf)
    # Scale to the sample's own sum, since genes it does not contain have no transcripts.
    total = tpm_of(expression)[row].sum()
    tpm: FloatArray = rate / rate.sum(axis=1, keepdims=True) * total
    return tpm
