"""Sample sheets from a folder of quantifications written by a pipeline or a program.

nf-core/rnaseq writes ``star_salmon/SAMPLE/quant.sf``, ``salmon/SAMPLE/quant.sf``,
``star_rsem/SAMPLE.genes.results`` or ``kallisto/SAMPLE/abundance.tsv`` (its page "Output").
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lotwise.errors import InputError

_SALMON, _KALLISTO, _RSEM = "salmon", "kallisto", "RSEM"
_DEEPEST: Final = 4
_RSEM_FILE: Final = re.compile(r"\.(genes|isoforms)\.results(\.gz)?$")
_NFCORE_SHEET: Final = ("sample", "fastq_1")
# nf-core's names of replicates; the part before is the batch.
_REPLICATE: Final = re.compile(r"[_.-](?:REP|R|replicate)[_.-]?(\d+)$", re.IGNORECASE)


class Found(NamedTuple):
    """Text of a sample sheet, its number of samples, and a map found beside them."""

    sheet: str
    n_samples: int
    tx2gene: Path | None


class _Quant(NamedTuple):
    program: str
    folder: Path
    sample: str
    path: Path


def find_samples(source: Path, *, relative_to: Path) -> Found:
    r"""Return the text of a sample sheet for a pipeline's output, or from nf-core's own sheet.

    Parameters
    ----------
    source
        A folder with the output of salmon, kallisto or RSEM, at most four levels deep; or a
        sample sheet of nf-core/rnaseq with the columns ``sample`` and ``fastq_1``.
    relative_to
        The folder of the new sheet; its paths are relative to it.

    Raises
    ------
    InputError
        Nothing was found, a sample occurs twice, or there are results of several programs.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp()) / "star_salmon"
    >>> for name in ("lot1_REP1", "lot2_REP1"):
    ...     (folder / name).mkdir(parents=True)
    ...     (folder / name / "quant.sf").touch()
    >>> print(find_samples(folder, relative_to=folder).sheet.replace("\t", " "))
    sample batch replicate quant
    lot1_REP1 lot1 1 lot1_REP1
    lot2_REP1 lot2 1 lot2_REP1
    <BLANKLINE>
    """
    if source.is_file():
        return _from_nfcore_sheet(source, relative_to)
    if not source.is_dir():
        raise InputError("no such file or directory", path=source, remedy="correct the path")
    found = sorted(set(_walk(source, 0)))
    if not found:
        raise InputError(
            "contains no quant.sf, abundance.tsv, abundance.h5 or *.genes.results within "
            f"{_DEEPEST} levels of folders",
            path=source,
            remedy="give the output folder of salmon, kallisto, RSEM or nf-core/rnaseq",
        )
    places = sorted({(quant.program, quant.folder) for quant in found})
    if len({program for program, _ in places}) > 1 or len({q.sample for q in found}) < len(found):
        told = " and ".join(f"{program} in {folder}" for program, folder in places[:4])
        raise InputError(
            f"contains several results of the same samples: {told}",
            path=source,
            remedy="give the folder of one program",
        )
    rows = [
        (quant.sample, *_batch_of(quant.sample), _relative(quant.path, relative_to))
        for quant in found
    ]
    return Found(_tabulate(("sample", "batch", "replicate", "quant"), rows), len(rows),
                 _map_in(source, places[0][1]))  # fmt: skip


def _walk(folder: Path, depth: int) -> Iterator[_Quant]:
    names = {path.name for path in folder.iterdir()}
    if names & {"quant.sf", "quant.sf.gz"}:
        yield _Quant(_SALMON, folder.parent, folder.name, folder)
        return
    if names & {"abundance.tsv", "abundance.h5", "abundance.tsv.gz"}:
        yield _Quant(_KALLISTO, folder.parent, folder.name, folder)
        return
    for name in names:
        if _RSEM_FILE.search(name):
            sample = _RSEM_FILE.sub("", name)
            yield _Quant(_RSEM, folder, sample, folder / sample)
    if depth < _DEEPEST:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                yield from _walk(path, depth + 1)


def _batch_of(sample: str) -> tuple[str, str]:
    """Return the batch and the replicate in a sample's name; else the name as the batch."""
    match = _REPLICATE.search(sample)
    return (sample[: match.start()], match[1]) if match else (sample, "")


def _map_in(source: Path, folder: Path) -> Path | None:
    for place in (folder, source, folder.parent):
        for name in ("tx2gene.tsv", "salmon_tx2gene.tsv"):
            if (place / name).is_file():
                return place / name
    return None


def _from_nfcore_sheet(path: Path, relative_to: Path) -> Found:
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read as CSV ({error})", path=path) from None
    if not rows or not set(_NFCORE_SHEET) <= set(rows[0]):
        raise InputError(
            "is not a sample sheet of nf-core/rnaseq, which must have the columns 'sample' and "
            "'fastq_1'",
            path=path,
            row=1,
            remedy="give the sample sheet of nf-core/rnaseq, or the folder of its results",
        )
    table = []
    for row in rows:
        sample = (row["sample"] or "").strip()
        reads = [
            _relative(path.parent / row[mate], relative_to) if row.get(mate) else ""
            for mate in ("fastq_1", "fastq_2")
        ]
        table.append((sample, *_batch_of(sample), *reads, row.get("strandedness") or "auto"))
    header = ("sample", "batch", "replicate", "fastq_1", "fastq_2", "strandedness")
    return Found(_tabulate(header, table), len({row[0] for row in table}), None)


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path.absolute(), folder.absolute())


def _tabulate(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in [header, *rows])
