"""The quantifier of a configuration."""

from __future__ import annotations

import shlex

from lotwise.config import ReadsConfig
from lotwise.errors import InputError
from lotwise.quantify.base import Quantifier


def make_quantifier(config: ReadsConfig) -> Quantifier:
    """Return the quantifier with its program, k-mer length and additional arguments.

    Raises
    ------
    InputError
        The additional arguments cannot be parsed, or include one that lotwise sets.

    Examples
    --------
    >>> make_quantifier(ReadsConfig(quantifier="salmon", extra="--gcBias")).extra
    ('--gcBias',)
    >>> make_quantifier(ReadsConfig(quantifier="salmon", extra="-o elsewhere"))
    Traceback (most recent call last):
    lotwise.errors.InputError: 'reads.extra' contains '-o', an option that lotwise sets itself;
        remove this option
    """
    from lotwise.quantify.kallisto import Kallisto
    from lotwise.quantify.rsem import Rsem
    from lotwise.quantify.salmon import Salmon

    try:
        extra = tuple(shlex.split(config.extra))
    except ValueError as error:
        raise InputError(f"'reads.extra' cannot be split into arguments ({error})") from None
    quantifier: Quantifier
    if config.quantifier == "kallisto":
        quantifier = Kallisto(program=config.program, k=config.k or 31, extra=extra)
    elif config.quantifier == "salmon":
        quantifier = Salmon(program=config.program, k=config.k or 31, extra=extra)
    else:
        quantifier = Rsem(program=config.program, aligner=config.aligner, extra=extra)
    own = [word for word in extra if word.partition("=")[0] in quantifier.own_arguments]
    if own:
        raise InputError(
            f"'reads.extra' contains {own[0]!r}, an option that lotwise sets itself",
            remedy="remove this option",
        )
    return quantifier
