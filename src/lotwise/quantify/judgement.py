"""Checks of each sample's quantification against the others, and their sample sheet."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lotwise.errors import InputError, RefusedError
from lotwise.files.atomic import atomic_path
from lotwise.files.tables import read_table, to_frame, write_table
from lotwise.quantify.intake import kept_in_logs
from lotwise.quantify.quant_qc import Yield, judge_yields, require_usable
from lotwise.quantify.reads_qc import Intake, leave_out
from lotwise.quantify.strandedness import Strand
from lotwise.samples import write_samples
from lotwise.tree import halves_of
from lotwise.wording import counted

if TYPE_CHECKING:
    from lotwise.config import Limits
    from lotwise.quantify.base import Quantifier
    from lotwise.samples import Sample

logger = logging.getLogger(__name__)

# File in place of a quantification: why there is none.
_REFUSED: Final = "refused.txt"


def judge_samples(
    samples: Sequence[Sample], *, quantifier: Quantifier, out: Path, limits: Limits
) -> list[Yield]:
    """Check the quantifications below ``out``; write their sample sheet if all are usable.

    Raises
    ------
    RefusedError
        A sample was refused before it was quantified (the next call tries it again), or its
        quantification is refused. ``yield.tsv`` is written in the second case.
    InputError
        A quantification or ``intake.tsv`` is missing.
    """
    sheet = quant_sheet_of(out, quantifier)
    sheet.unlink(missing_ok=True)
    intake = read_table(out / Intake.table, Intake).set_index("sample")["reads_present"]
    absent = [sample.sample for sample in samples if sample.sample not in intake.index]
    if absent:
        raise InputError(
            f"has no row for {', '.join(absent)}",
            path=out / Intake.table,
            remedy="run `lotwise check` on this sample sheet",
        )
    folders = {sample.sample: quantified_folder(out, quantifier, sample) for sample in samples}
    _require_none_refused(folders)
    _require_one_version(folders)
    strands = [read_strand(call_of(folder)) for folder in folders.values()]
    write_table(out / Strand.table, to_frame(strands, Strand))
    rows = judge_yields(
        samples,
        {name: quantifier.read(folder) for name, folder in folders.items()},
        quantifier=quantifier.name,
        reads_present={sample.sample: int(intake[sample.sample]) for sample in samples},
        limits=limits,
    )
    write_table(out / Yield.table, to_frame(rows, Yield))
    for row in rows:
        if row.standing == "noted":
            logger.warning("sample %s: %s", row.sample, row.reason)
    with kept_in_logs(out / Yield.table):
        require_usable(rows)
    with atomic_path(sheet) as temporary:
        # In the folder of the sheet, each sample has a folder with its name.
        write_samples(temporary, [replace(one, quant=Path(one.sample)) for one in samples])
    return rows


def quant_sheet_of(out: Path, quantifier: Quantifier) -> Path:
    """Return the sample sheet of the quantifications, in their folder."""
    return out / "quant" / quantifier.name / "samples.tsv"


def quantified_folder(out: Path, quantifier: Quantifier, sample: Sample) -> Path:
    """Return the folder of one sample's quantification."""
    return quant_sheet_of(out, quantifier).parent / sample.sample


def call_of(folder: Path) -> Path:
    """Return the file beside a quantification with the call that made it."""
    return folder.parent / f"{folder.name}.json"


def forget_halves(samples: Sequence[Sample], *, quantifier: Quantifier, out: Path) -> None:
    """Remove what an earlier call quantified of the halves of each sample's reads."""
    for sample in samples:
        halves_of(quantified_folder(out, quantifier, sample)).unlink(missing_ok=True)


def note_refusal(folder: Path, refusal: RefusedError) -> None:
    """Write why a sample was refused, in place of its quantification."""
    shutil.rmtree(folder, ignore_errors=True)
    call_of(folder).unlink(missing_ok=True)
    with atomic_path(folder / _REFUSED) as temporary:
        temporary.write_text(f"{refusal}\n", encoding="utf-8")


def is_refused(folder: Path) -> bool:
    """Return whether a sample was refused in place of quantified."""
    return (folder / _REFUSED).exists()


def _require_none_refused(folders: Mapping[str, Path]) -> None:
    """Raise an error for samples refused before quantification; the next call tries them again.

    With other limits they may pass then.
    """
    refused = {name: folder for name, folder in folders.items() if is_refused(folder)}
    if not refused:
        return
    reasons = [
        (folder / _REFUSED).read_text(encoding="utf-8").strip() for folder in refused.values()
    ]
    for folder in refused.values():
        shutil.rmtree(folder)
    raise RefusedError(
        f"{counted(len(refused), 'sample was', 'samples were')} refused and not quantified: "
        f"{' | '.join(reasons)}",
        remedy=leave_out(refused) + ", or follow the advice for each sample, and run again",
    )


def _require_one_version(folders: Mapping[str, Path]) -> None:
    """Raise an error if samples of one run were quantified by different versions."""
    owners: dict[str, str] = {}
    for name, folder in folders.items():
        try:
            version = str(json.loads(call_of(folder).read_text(encoding="utf-8"))["version"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # reported when its strandedness is read
        owners.setdefault(version, name)
    if len(owners) > 1:
        told = ", ".join(f"{name!r} by {version}" for version, name in owners.items())
        raise InputError(
            f"samples were quantified by different versions: {told}",
            path=next(iter(folders.values())).parent,
            remedy="quantify all samples again, with one version",
        )


def read_strand(path: Path) -> Strand:
    """Read the strandedness with which a sample was quantified, from its call.

    Raises
    ------
    InputError
        The call is missing or of another version.
    """
    try:
        return Strand(**json.loads(path.read_text(encoding="utf-8"))["strandedness"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"is missing, or was written by another version of lotwise ({error})",
            path=path,
            remedy="run `lotwise quantify` on this sample sheet",
        ) from error
