"""`lotwise compare` in a folder that holds the results of another run."""

from __future__ import annotations

from pathlib import Path

QUICK = ("--statistic", "libraries", "--format", "png")


def test_compare__leaves_nothing_of_a_level_that_this_run_does_not_have(run, study):
    assert study.call(run, *QUICK, command="compare").code == 0
    both = study.written()
    kept = study.out / "figures" / "mine.png"
    kept.write_bytes(b"")
    done = study.call(run, *QUICK, "--level", "isoform", command="compare")
    assert done.code == 0, done.err
    assert any("gene" in Path(path).name for path in both)
    assert [path for path in study.written() if Path(path).name.startswith("gene")] == []
    assert "figures/extended_data_fig1_gene.png" not in study.written()
    assert kept.exists()
