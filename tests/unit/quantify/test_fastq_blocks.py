"""FASTQ as arrays."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from lotwise.errors import RefusedError
from lotwise.quantify.fastq_blocks import count_fragments, read_blocks
from lotwise.samples import Run


def fastq(path: Path, reads: list[tuple[str, str]], end: str = "\n") -> Path:
    """Write reads with their qualities."""
    lines = [f"@r{n}\n{bases}\n+\n{phred}" for n, (bases, phred) in enumerate(reads)]
    text = "\n".join(lines) + end
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def blocks(run: Run, share: float = 1.0, seed: int = 0) -> list[list]:
    """Return all blocks of a run."""
    return list(read_blocks(run, share=share, rng=np.random.default_rng(seed)))


@pytest.mark.parametrize("name", ["a.fastq", "a.fastq.gz"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_read_blocks__reads_of_any_length(tmp_path: Path, name: str, end: str) -> None:
    file = fastq(tmp_path / name, [("ACGTN", "IIII#"), ("TT", "5I"), ("GGG", "4II")], end)
    # The last read may come in a block of its own, and only as wide as it is.
    found = [
        (block.codes[row, :n].tolist(), block.good[row, :n].tolist(), block.codes[row, n:])
        for [block] in blocks(Run(fastq_1=file))
        for row, n in enumerate(block.lengths)
    ]
    # 5 is a phred score of 20, 4 of 19.
    assert [(codes, good) for codes, good, _ in found] == [
        ([0, 1, 2, 3, 4], [True, True, True, True, False]),
        ([3, 3], [True, True]),
        ([2, 2, 2], [False, True, True]),
    ]
    assert all((behind == 4).all() for _, _, behind in found)


def test_read_blocks__mates_stay_in_step_in_a_subsample(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    reads = [("".join(rng.choice(list("ACGT"), 40)), "I" * 40) for _ in range(3_000)]
    one, two = (fastq(tmp_path / f"{mate}.fastq.gz", reads) for mate in (1, 2))
    run = Run(fastq_1=one, fastq_2=two)
    some = blocks(run, share=0.3)
    for first, second in some:
        np.testing.assert_array_equal(first.codes, second.codes)
    n = sum(len(first.lengths) for first, _ in some)
    assert 0.25 < n / 3_000 < 0.35
    again = blocks(run, share=0.3)
    np.testing.assert_array_equal(some[0][0].codes, again[0][0].codes)
    assert not np.array_equal(some[0][0].codes, blocks(run, share=0.3, seed=1)[0][0].codes)


def test_read_blocks__a_truncated_file_and_unequal_mates_are_refused(tmp_path: Path) -> None:
    reads = [("ACGT" * 20, "I" * 80)] * 2_000
    whole = fastq(tmp_path / "a.fastq.gz", reads)
    cut = tmp_path / "b.fastq.gz"
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(RefusedError, match=r"b\.fastq\.gz: cannot be read"):
        blocks(Run(fastq_1=cut))
    short = fastq(tmp_path / "c.fastq", reads[:-1])
    with pytest.raises(RefusedError, match=r"cannot be read"):
        blocks(Run(fastq_1=whole, fastq_2=short))


def test_count_fragments__is_near_the_number(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    reads = [("".join(rng.choice(list("ACGT"), 100)), "I" * 100) for _ in range(60_000)]
    for name in ("a.fastq", "a.fastq.gz"):
        file = fastq(tmp_path / name, reads)
        assert count_fragments(Run(fastq_1=file)) == pytest.approx(60_000, rel=0.1)
    few = fastq(tmp_path / "b.fastq", reads[:10])
    assert count_fragments(Run(fastq_1=few)) == 10
