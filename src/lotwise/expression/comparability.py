"""Checks whether samples can be compared as batches; if not, R says nothing about the cells."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from lotwise import keys
from lotwise.config.reads import Limits
from lotwise.errors import InvalidComparisonWarning, warn
from lotwise.expression.abundance import Abundance, Floats
from lotwise.expression.copies import find_copies, find_repeats, find_shared_reads
from lotwise.expression.identifiers import organisms_of
from lotwise.expression.noted import noted
from lotwise.keys import InvalidCode
from lotwise.samples import Sample
from lotwise.samples.design import lone_groups
from lotwise.wording import percent

if TYPE_CHECKING:
    from anndata import AnnData

# RSEM writes two decimals; other programs more.
_ROUNDING_TPM: Final = 0.011
_ROUNDING_SHARE: Final = 1e-4
_EXAMPLES: Final = 3


class InvalidComparison(NamedTuple):
    """Why samples cannot be compared as batches: a code of ``keys.InvalidCode`` and a sentence."""

    code: InvalidCode
    sentence: str


def invalid_comparisons(expression: AnnData) -> tuple[InvalidComparison, ...]:
    """Return why the samples of an AnnData cannot be compared as batches; empty if they can be.

    Examples
    --------
    >>> import lotwise
    >>> invalid_comparisons(lotwise.datasets.three_batches().gene)
    ()
    """
    found = noted(expression).get(keys.INVALID)
    if found is None:
        return ()
    return tuple(
        InvalidComparison(code, sentence)
        for code, sentence in zip(found["code"], found["sentence"], strict=True)
    )


def read_invalid_comparisons(path: Path) -> tuple[InvalidComparison, ...]:
    """Read the same from an ``.h5ad`` file without its matrices; empty if the file does not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "gene.h5ad"
    >>> import lotwise
    >>> lotwise.datasets.three_batches().gene.write_h5ad(path)
    >>> read_invalid_comparisons(path)
    ()
    """
    import h5py

    if not path.is_file():
        return ()
    with h5py.File(path) as file:
        found = file.get(f"uns/{keys.LOTWISE}/{keys.INVALID}")
        if found is None:
            return ()
        codes, sentences = (found[name].asstr()[()] for name in InvalidComparison._fields)
    return tuple(map(InvalidComparison, codes.tolist(), sentences.tolist()))


def has_correlations(path: Path) -> bool:
    """Return whether an ``.h5ad`` file contains R: writing the expression again removes it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "gene.h5ad"
    >>> import lotwise
    >>> lotwise.datasets.three_batches().gene.write_h5ad(path)
    >>> has_correlations(path)
    False
    """
    import h5py

    with h5py.File(path) as file:
        return f"obsp/{keys.PEARSON}" in file


def warn_of(found: Iterable[InvalidComparison]) -> tuple[InvalidComparison, ...]:
    """Warn of each finding once, and return the findings."""
    once = tuple(dict.fromkeys(found))
    for one in once:
        warn(one.sentence, InvalidComparisonWarning)
    return once


def judge(
    samples: Sequence[Sample], read: Mapping[str, Abundance], *, counts: Floats | None
) -> Iterator[InvalidComparison]:
    """Find copies, and samples that were quantified in different ways.

    Parameters
    ----------
    samples
        The samples in order.
    read
        The abundances of each sample at one level, aligned to the same features.
    counts
        Samples in the order of ``read`` x features, of genes if any; None or NaN if unknown.
    """
    yield from _not_compared(samples)
    batch_of = {sample.sample: sample.batch for sample in samples}
    tpm, names = {name: one.tpm for name, one in read.items()}, list(read)
    copies = find_copies(tpm)
    for first, second in copies:
        yield _copy(first, second, read, batch_of)
    found = [] if counts is None else find_shared_reads(counts)
    shared = {(names[first], names[second]) for first, second in found}
    for first, second in sorted({*find_repeats(tpm), *shared} - {*copies}, key=_place_in(names)):
        yield _shared(first, second, read, batch_of)
    yield from _little_used(read)
    yield from _mixed(read, batch_of)


def _not_compared(samples: Sequence[Sample]) -> Iterator[InvalidComparison]:
    """Find samples without a counterpart: no other batch has a sample of their condition."""
    groups = lone_groups((sample.batch, sample.condition) for sample in samples)
    alone = [sample for sample in samples if (sample.batch, sample.condition) in groups]
    if not alone:
        return
    of_condition = [
        f"condition {condition!r} of batch {batch!r}"
        if condition
        else f"no condition, batch {batch!r}"
        for batch, condition in groups
    ]
    yield InvalidComparison(
        "not_compared",
        f"{_list([sample.sample for sample in alone])} ({_list(of_condition)}) "
        f"{'is' if len(alone) == 1 else 'are'} compared with no other batch, because no other "
        "batch has a sample of that condition: R between batches does not include "
        f"{'it' if len(alone) == 1 else 'them'}; correct the column condition, or remove "
        f"{'the sample' if len(alone) == 1 else 'these samples'}",
    )


def _copy(
    first: str, second: str, read: Mapping[str, Abundance], batch_of: Mapping[str, str]
) -> InvalidComparison:
    same = read[first].path.resolve() == read[second].path.resolve()
    how = (
        f"are read from the same file, {read[first].path}"
        if same and read[first].quantifier != "matrix"
        else f"have identical values ({read[first].path} and {read[second].path})"
    )
    batches = f"batches {batch_of[first]!r} and {batch_of[second]!r}"
    return InvalidComparison(
        "copies",
        f"samples {first!r} and {second!r} ({batches}) {how}: one is a copy of the other, so "
        "their correlation is 1 by construction; give each sample its own quantification",
    )


def _little_used(read: Mapping[str, Abundance]) -> Iterator[InvalidComparison]:
    """Find samples of which few reads were quantified, by the logs beside the quantifications."""
    least = Limits().smallest_share_used
    shares = {name: _share_used(one) for name, one in read.items()}
    few = {name: share for name, share in shares.items() if share < least}
    if few:
        told = [f"{name} ({percent(share, 2)})" for name, share in few.items()]
        yield InvalidComparison(
            "few_reads_used",
            f"less than {percent(least)} of the reads were quantified in {_list(told)}: R does "
            "not include the other reads; possible causes: another species, contamination, "
            "adapters or another transcriptome",
        )


def _share_used(abundance: Abundance) -> float:
    """Return the share of the reads that were quantified; NaN if it is not known."""
    folder, used = abundance.path.parent, float(abundance.counts.sum())
    present = None
    if abundance.quantifier == "kallisto":
        present = _read_json(folder / "run_info.json").get("n_processed")
    elif abundance.quantifier == "salmon":
        present = _read_json(folder / "aux_info" / "meta_info.json").get("num_processed")
    return used / present if isinstance(present, int) and present > 0 else math.nan


def _place_in(names: Sequence[str]) -> Callable[[tuple[str, str]], tuple[int, int]]:
    place = {name: at for at, name in enumerate(names)}
    return lambda pair: (place[pair[0]], place[pair[1]])


def _shared(
    first: str, second: str, read: Mapping[str, Abundance], batch_of: Mapping[str, str]
) -> InvalidComparison:
    return InvalidComparison(
        "shared_reads",
        f"samples {first!r} and {second!r} (batches {batch_of[first]!r} and {batch_of[second]!r}) "
        "agree more closely than two separate libraries can agree "
        f"({read[first].path} and {read[second].path}): "
        "they have reads in common, or one is an altered copy; give each sample the reads of its "
        "own library",
    )


def judge_levels(
    genes: Mapping[str, Abundance], isoforms: Mapping[str, Abundance]
) -> Iterator[InvalidComparison]:
    """Find samples whose genes are not the sums of their isoforms (RSEM's files)."""
    for name, gene in genes.items():
        isoform = isoforms.get(name)
        if isoform is None or isoform.genes is None:
            continue
        sums = (
            pl.DataFrame({"gene": isoform.genes, "tpm": isoform.tpm})
            .group_by("gene")
            .agg(pl.col("tpm").sum().alias("sum"), pl.len().alias("n"))
        )
        table = pl.DataFrame({"gene": gene.features, "tpm": gene.tpm}).join(
            sums, on="gene", how="left", maintain_order="left"
        )
        # RSEM writes two decimals for the gene and for each isoform.
        tolerance = _ROUNDING_TPM * (pl.col("n") + 1) + _ROUNDING_SHARE * pl.col("tpm")
        off = table.filter(
            pl.col("sum").is_null() | ((pl.col("tpm") - pl.col("sum")).abs() > tolerance)
        )
        if off.height:
            worst = off.sort((pl.col("tpm") - pl.col("sum").fill_null(0)).abs()).tail(1)
            gene_id, tpm, total, _ = worst.row(0)
            yield InvalidComparison(
                "levels_disagree",
                f"sample {name!r}: {off.height:,} of {table.height:,} genes are not the sum of "
                f"their isoforms ({gene_id!r} has TPM {tpm:,.2f}, its isoforms sum to "
                f"{total or 0:,.2f}): {gene.path} and {isoform.path} are from different "
                "runs; give both files of one run",
            )


def judge_organisms(features: pl.Series) -> Iterator[InvalidComparison]:
    """Find features of more than one organism, such as from a feeder layer or a mixed index."""
    counts = organisms_of(features)
    if len(counts) > 1:
        told = ", ".join(f"{n:,} of {organism}" for organism, n in counts.items())
        yield InvalidComparison(
            "mixed_organisms",
            f"the features belong to {len(counts)} organisms ({told}): R then also depends on the "
            "proportions of the organisms; keep the features of one organism",
        )


def _mixed(
    read: Mapping[str, Abundance], batch_of: Mapping[str, str]
) -> Iterator[InvalidComparison]:
    """Find programs, versions, options and transcriptomes that differ between samples."""
    programs = {name: abundance.quantifier for name, abundance in read.items()}
    if len(set(programs.values())) > 1:
        yield _differ("mixed_programs", "were quantified by different programs", programs, batch_of)
        return
    runs = {name: run_of(abundance.path) for name, abundance in read.items()}
    for code, words in (
        ("mixed_versions", "were quantified by different versions"),
        ("mixed_options", "were quantified with different options"),
        ("mixed_references", "were quantified on different transcriptomes"),
    ):
        told = {name: run[code] for name, run in runs.items() if code in run}
        if len(set(told.values())) > 1:
            yield _differ(code, words, told, batch_of)  # type: ignore[arg-type]  # codes as above


def _differ(
    code: InvalidCode, words: str, value_of: Mapping[str, str], batch_of: Mapping[str, str]
) -> InvalidComparison:
    groups: dict[str, list[str]] = {}
    for name, value in value_of.items():
        groups.setdefault(value, []).append(name)
    told = "; ".join(f"{value}: {_list(names)}" for value, names in groups.items())
    batches = {value: {batch_of[name] for name in names} for value, names in groups.items()}
    apart = all(len(of_value) for of_value in batches.values()) and not set.intersection(
        *batches.values()
    )
    between = ", and they differ between batches" if apart else ""
    return InvalidComparison(
        code,
        f"the samples {words}{between} ({told}): this lowers R even between identical cells; "
        "quantify all samples in the same way",
    )


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return ", ".join(names[:_EXAMPLES]) + more


def run_of(quant: Path) -> dict[str, str]:
    """Return version, options and transcriptome from the quantifier's logs beside ``quant``.

    salmon writes ``cmd_info.json`` and ``aux_info/meta_info.json``, kallisto ``run_info.json``;
    unknown values are absent.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "run_info.json").write_text(
    ...     '{"kallisto_version": "0.50.1", "call": "kallisto quant --bias -i x"}')
    >>> run_of(folder / "abundance.tsv")
    {'mixed_versions': 'kallisto 0.50.1', 'mixed_options': '--bias'}
    """
    folder = quant.parent
    told: dict[str, str] = {}
    if quant.name.startswith("abundance."):
        run = _read_json(folder / "run_info.json")
        _tell(told, "mixed_versions", "kallisto {}", run.get("kallisto_version"))
        _tell(told, "mixed_references", "{} targets", run.get("n_targets"))
        if isinstance(run.get("call"), str):
            words = run["call"].split()
            told["mixed_options"] = _options(flag for flag in _KALLISTO_BIAS if flag in words)
    elif quant.name.startswith("quant.sf"):
        call = _read_json(folder / "cmd_info.json")
        run = _read_json(folder / "aux_info" / "meta_info.json")
        version = run.get("salmon_version", call.get("salmon_version"))
        _tell(told, "mixed_versions", "salmon {}", version)
        sequences = run.get("index_seq_hash")
        _tell(told, "mixed_references", "index of sequences {:.12}", sequences)
        if call:
            told["mixed_options"] = _options(f"--{flag}" for flag in _SALMON_BIAS if flag in call)
    return told


_KALLISTO_BIAS: Final = ("--bias", "--single-overhang", "--long")
_SALMON_BIAS: Final = (
    "seqBias",
    "gcBias",
    "posBias",
    "noEffectiveLengthCorrection",
    "noLengthCorrection",
)


def _options(flags: Iterable[str]) -> str:
    return " ".join(flags) or "none"


def _tell(told: dict[str, str], code: str, words: str, value: object) -> None:
    if value is not None and str(value):
        told[code] = words.format(str(value))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        # These logs are optional; without one nothing is known, and nothing is reported.
        return {}
    return found if isinstance(found, dict) else {}
