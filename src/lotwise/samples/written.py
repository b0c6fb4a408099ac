"""A sample sheet written from samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lotwise import keys
from lotwise.files.rows import text_of_rows
from lotwise.samples.sample import Sample


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    r"""Write samples as a sample sheet; with quantifications, it can be read again.

    Optional columns that no sample has are left out.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "samples.tsv"
    >>> write_samples(path, [Sample(sample="S1", batch="lot1", quant=Path("S1"), donor="D2")])
    >>> path.read_text()
    'sample\tbatch\tdonor\tquant\nS1\tlot1\tD2\tS1\n'
    """
    names = [
        name
        for name in (keys.REPLICATE, keys.DONOR, keys.CONDITION)
        if any(getattr(sample, name) for sample in samples)
    ]
    paths = any(sample.quant for sample in samples)
    annotations = list(dict.fromkeys(name for sample in samples for name in sample.annotations))
    rows = [
        {keys.SAMPLE: sample.sample, keys.BATCH: sample.batch}
        | {name: getattr(sample, name) for name in names}
        | ({keys.QUANT: "" if sample.quant is None else sample.quant} if paths else {})
        | {name: sample.annotations.get(name, "") for name in annotations}
        for sample in samples
    ]
    path.write_bytes(text_of_rows(rows).encode())
