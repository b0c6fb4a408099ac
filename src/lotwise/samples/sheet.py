"""The sample sheet: samples, their batches, and the location of their files."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, get_args

from lotwise import keys
from lotwise.errors import InputError
from lotwise.samples.cells import read_cells
from lotwise.samples.sample import (
    FEATURE_COLUMN,
    KNOWN_COLUMNS,
    PHASES,
    READS_COLUMNS,
    REQUIRED_COLUMNS,
    TEXT_COLUMNS,
    Run,
    Sample,
    Strandedness,
)
from lotwise.samples.spelling import refuse_two_spellings
from lotwise.wording import closest

_COMPUTED_COLUMNS: Final = frozenset(
    {
        "_index",
        keys.QUANTIFIER,
        keys.TPM_SUM,
        keys.TOTAL_COUNTS,
        keys.N_SAMPLES,
        keys.N_UNMAPPED,
        keys.UNMAPPED_TPM_SHARE,
    }
)

# Text in place of a path that is not a path: what it is, and what to do.
_NO_PATHS: Final = (
    (
        re.compile(r"^\w[\w+.-]+:/", re.ASCII),
        ("is an address, not a file", "download it first and give its path"),
    ),
    (re.compile(r"^~"), ("begins with ~, which is not expanded", "write the full path")),
    (re.compile(r"\$[\w{]"), ("has a variable, which is not expanded", "write the full path")),
    (
        re.compile(r"^[<>]\(|^/dev/fd/|\|"),
        ("is a command or a pipe, not a file", "give the file; gzip is unpacked"),
    ),
    (re.compile(r"[*?]"), ("is a pattern, not one file", "give the name of the file")),
    (re.compile(r"\\"), ("has backslashes", "write / between folders")),
)

# A sample name becomes a directory name: characters allowed by every file system.
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_LONGEST_NAME = 200


def read_samples(path: Path | str) -> tuple[Sample, ...]:
    r"""Read a sample sheet, TSV or CSV by its content.

    Columns ``sample`` and ``batch`` are required, and in each row either ``quant`` or
    ``fastq_1``. ``fastq_2``, ``strandedness``, ``fragment_length``, ``fragment_sd``,
    ``replicate``, ``donor`` and ``condition`` are optional. Any other column is kept as an
    annotation. Paths are relative to the folder of the sheet. Several rows of one sample are its
    sequencing runs and are joined. A byte order mark and Windows line ends are accepted.

    Returns
    -------
    The samples, in the order of the sheet.

    Raises
    ------
    InputError
        The sheet or one of its rows is missing, empty or malformed; the message gives the row and
        the column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> sheet = Path(mkdtemp()) / "samples.tsv"
    >>> _ = sheet.write_text("sample\tbatch\tquant\nS1\tA\tS1/quant.sf\nS2\tB\tS2/quant.sf\n")
    >>> [(sample.sample, sample.batch, sample.quant.name) for sample in read_samples(sheet)]
    [('S1', 'A', 'quant.sf'), ('S2', 'B', 'quant.sf')]
    """
    path = Path(path)
    rows = list(_read_rows(path))
    if not rows:
        raise InputError(
            "has a header but no samples", path=path, row=2, remedy="write one row per sample"
        )
    grouped: dict[str, list[Sample]] = {}
    for row, cells in rows:
        sample = _parse_row(path, row, cells)
        grouped.setdefault(sample.sample, []).append(sample)
    samples = tuple(_join_runs(path, parts) for parts in grouped.values())
    _refuse_shared_reads(path, samples)
    _refuse_two_phases(path, samples)
    refuse_two_spellings(samples, path)
    return samples


def _read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    header: list[str] | None = None
    for row, cells in read_cells(path):
        if header is None:
            header = _check_header(path, row, cells)
            continue
        beyond = cells[len(header) :]
        if len(cells) < len(header) or any(beyond):
            raise InputError(
                f"the row has {len(cells)} cells, but the header has {len(header)} cells",
                path=path,
                row=row,
                remedy="write all cells, also empty cells",
            )
        yield row, dict(zip(header, cells, strict=False))


def _check_header(path: Path, row: int, header: list[str]) -> list[str]:
    for column in header:
        if not column:
            raise InputError(f"column {header.index(column) + 1} has no name", path=path, row=row)
        if header.count(column) > 1:
            raise InputError("occurs twice in the header", path=path, row=row, column=column)
        if column not in KNOWN_COLUMNS:
            close = closest(column.lower(), KNOWN_COLUMNS, cutoff=0.8)
            # If the right column exists too, one with a similar name is an annotation.
            if close and close not in header:
                raise InputError(
                    "is not a column of a sample sheet",
                    path=path,
                    row=row,
                    column=column,
                    remedy=f"did you mean {close!r}?",
                )
        if "/" in column or column in _COMPUTED_COLUMNS:
            raise InputError(
                "has a name that is reserved for the results"
                if "/" not in column
                else "has a / in its name, which h5ad files do not allow",
                path=path,
                row=row,
                column=column,
                remedy="rename or remove it",
            )
    missing = [column for column in REQUIRED_COLUMNS if column not in header]
    if "quant" not in header and "fastq_1" not in header:
        missing.append("quant (or fastq_1)")
    if missing:
        raise InputError(
            f"has no column {', '.join(missing)}; the columns are {', '.join(header)}",
            path=path,
            row=row,
            remedy="use the column names that the documentation lists",
        )
    return header


def _parse_row(path: Path, row: int, cells: Mapping[str, str]) -> Sample:
    for column in REQUIRED_COLUMNS:
        _check_name(path, row, column, cells[column])
    quant, fastq_1, fastq_2 = (cells.get(name, "") for name in ("quant", "fastq_1", "fastq_2"))
    if not quant and not fastq_1:
        raise InputError(
            "the row has neither a quantification nor reads",
            path=path,
            row=row,
            remedy="fill in 'quant' or 'fastq_1'",
        )
    if fastq_2 and not fastq_1:
        raise InputError(
            "is empty, but 'fastq_2' contains a file of second mates",
            path=path,
            row=row,
            column="fastq_1",
        )
    strandedness = cells.get("strandedness", "") or "auto"
    if strandedness not in get_args(Strandedness):
        raise InputError(
            f"must be one of {', '.join(get_args(Strandedness))}, got {strandedness!r}",
            path=path,
            row=row,
            column="strandedness",
        )
    if cells.get(keys.PHASE, "") not in PHASES:
        raise InputError(
            "'phase' must be 'pre' (before a change of the process), 'post' (after it) or "
            "empty, got "
            f"{cells[keys.PHASE]!r}",
            path=path,
            row=row,
            column=keys.PHASE,
            remedy="rename the column if it has another meaning",
        )
    for column in ("quant", "fastq_1", "fastq_2"):
        _check_path(path, row, column, cells.get(column, ""))
    folder = path.parent
    return Sample(
        sample=cells["sample"],
        batch=cells["batch"],
        replicate=cells.get("replicate", ""),
        donor=cells.get("donor", ""),
        condition=cells.get("condition", ""),
        runs=(
            (Run(fastq_1=folder / fastq_1, fastq_2=folder / fastq_2 if fastq_2 else None),)
            if fastq_1
            else ()
        ),
        quant=folder / quant if quant else None,
        strandedness=strandedness,  # type: ignore[arg-type]  # checked against the Literal above
        fragment_length=_positive(path, row, "fragment_length", cells),
        fragment_sd=_positive(path, row, "fragment_sd", cells),
        annotations={name: cell for name, cell in cells.items() if name not in KNOWN_COLUMNS},
        row=row,
    )


def _check_path(path: Path, row: int, column: str, text: str) -> None:
    """Raise an error for text that is not a file path: addresses, and shell expressions."""
    found = next((words for pattern, words in _NO_PATHS if pattern.search(text)), None)
    if found is not None and not (path.parent / text).exists():
        problem, remedy = found
        raise InputError(f"{text!r} {problem}", path=path, row=row, column=column, remedy=remedy)


def _check_name(path: Path, row: int, column: str, name: str) -> None:
    if not name:
        raise InputError("is blank", path=path, row=row, column=column, remedy="give it a name")
    if len(name) > _LONGEST_NAME:
        raise InputError(
            f"has {len(name):,} characters, but at most {_LONGEST_NAME} are allowed",
            path=path,
            row=row,
            column=column,
        )
    if column == "sample" and not _FILE_NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is not a valid sample name: it becomes a file name, so only ASCII letters, "
            "digits and . _ + - are allowed, and no space",
            path=path,
            row=row,
            column=column,
            remedy=f"write the name, for example, as {_as_file_name(name)!r}",
        )
    if column == "sample" and name == FEATURE_COLUMN:
        raise InputError(
            f"{name!r} is reserved for the first column of the TPM tables",
            path=path,
            row=row,
            column=column,
            remedy="give the sample another name",
        )
    if not (name.isascii() and name.isprintable()):
        raise InputError(
            f"must contain printable ASCII characters only, got {name!r}",
            path=path,
            row=row,
            column=column,
            remedy=f"write the name, for example, as {_as_file_name(name)!r}",
        )


def _as_file_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", plain).strip("._-") or "sample_1"


def _positive(path: Path, row: int, column: str, cells: Mapping[str, str]) -> float | None:
    text = cells.get(column, "")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise InputError(
            f"must be a number of bases > 0, got {text!r}", path=path, row=row, column=column
        )
    return number


def _refuse_two_phases(path: Path, samples: Iterable[Sample]) -> None:
    """Refuse a batch of both phases: it was made before the change or after it."""
    phase_of: dict[str, str] = {}
    for sample in samples:
        phase = sample.annotations.get(keys.PHASE, "")
        if phase and phase_of.setdefault(sample.batch, phase) != phase:
            raise InputError(
                f"batch {sample.batch!r} has samples of both phases",
                path=path,
                row=sample.row,
                column=keys.PHASE,
                remedy="a batch is made either before or after the change; correct 'batch' or "
                "'phase'",
            )


def _refuse_shared_reads(path: Path, samples: Iterable[Sample]) -> None:
    """Raise an error if two samples share a FASTQ file: their agreement would mean nothing."""
    owners: dict[Path, Sample] = {}
    for sample in samples:
        for run in sample.runs:
            for column, file in (("fastq_1", run.fastq_1), ("fastq_2", run.fastq_2)):
                owner = sample if file is None else owners.setdefault(_resolve(file), sample)
                if owner is not sample:
                    raise InputError(
                        f"sample {sample.sample!r} has the same file {file} as {owner.sample!r} in "
                        f"row {owner.row}",
                        path=path,
                        row=sample.row,
                        column=column,
                        remedy="give each sample its own reads",
                    )


def _resolve(file: Path) -> Path:
    """Resolve a path as :meth:`Path.resolve` does, asking for each folder once."""
    beside = _resolve_folder(file.parent) / file.name
    return beside.resolve() if beside.is_symlink() else beside


@functools.lru_cache(maxsize=64)
def _resolve_folder(folder: Path) -> Path:
    return folder.resolve()


def _join_runs(path: Path, parts: list[Sample]) -> Sample:
    first = parts[0]
    for part in parts[1:]:
        if part.quant is not None or first.quant is not None:
            raise InputError(
                f"{part.sample!r} is also in row {first.row}, but a sample can have only one "
                "quantification",
                path=path,
                row=part.row,
                column="sample",
                remedy="give each sample a unique name",
            )
        for column in (*TEXT_COLUMNS, "batch", *READS_COLUMNS[2:]):
            if getattr(part, column) != getattr(first, column):
                raise InputError(
                    f"sample {part.sample!r} has the value {getattr(part, column)!r} "
                    f"here, but {getattr(first, column)!r} in row {first.row}",
                    path=path,
                    row=part.row,
                    column=column,
                    remedy="the values must be the same in all runs of a sample",
                )
    runs = tuple(run for part in parts for run in part.runs)
    if len({run.fastq_1 for run in runs}) < len(runs):
        raise InputError(
            f"sample {first.sample!r} lists the same file twice",
            path=path,
            row=parts[-1].row,
            column="fastq_1",
        )
    if len({run.fastq_2 is None for run in runs}) > 1:
        raise InputError(
            f"sample {first.sample!r} has both single-end and paired-end runs",
            path=path,
            row=parts[-1].row,
            column="fastq_2",
            remedy="quantify the two kinds of runs as two samples",
        )
    return Sample(
        **{name: getattr(first, name) for name in Sample.__dataclass_fields__ if name != "runs"},
        runs=runs,
    )
