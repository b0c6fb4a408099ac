"""A folder of small salmon quantifications, and the command line run inside the test."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

N = 40


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command line as a process would, and give exit code and output."""
    from lotwise.cli import main

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["lotwise", *map(str, arguments)])
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            with pytest.raises(SystemExit) as ended:
                main()
        captured = capsys.readouterr()
        return Outcome(ended.value.code, captured.out, captured.err)

    return call


class Study:
    """Three batches of one salmon file each, a map to genes and a sample sheet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "results"
        self.sheet = folder / "samples.tsv"
        self.tx2gene = folder / "tx2gene.tsv"
        rng = np.random.default_rng(5)
        base = rng.lognormal(3, 1.5, N)
        for name in ("A1", "B1", "C1"):
            tpm = base * rng.lognormal(0, 0.2, N)
            self.write_quant(name, tpm / tpm.sum() * 1e6)
        self.write_sheet([("A1", "A"), ("B1", "B"), ("C1", "C")])
        rows = "".join(f"tx{i}.1\tgene{i // 2}\n" for i in range(N))
        self.tx2gene.write_text("transcript\tgene\n" + rows)

    def quant(self, name: str) -> Path:
        return self.folder / f"{name}.sf"

    def write_quant(self, name: str, tpm, *, features=None) -> None:
        names = features or [f"tx{i}.1" for i in range(len(tpm))]
        pairs = zip(names, map(float, tpm), strict=True)
        rows = [f"{feature}\t1000\t800\t{value!r}\t{value!r}\n" for feature, value in pairs]
        self.write_text(name, "Name\tLength\tEffectiveLength\tTPM\tNumReads\n" + "".join(rows))

    def write_text(self, name: str, text: str) -> None:
        self.quant(name).write_bytes(text.encode())

    def edit_quant(self, name: str, old: str, new: str) -> None:
        text = self.quant(name).read_text()
        assert old in text
        self.write_text(name, text.replace(old, new, 1))

    def set_cell(self, name: str, row: int, column: int, value: str) -> None:
        """Set a cell; rows count from 1 with the header as row 1, columns from 0."""
        lines = self.quant(name).read_text().splitlines()
        cells = lines[row - 1].split("\t")
        cells[column] = value
        lines[row - 1] = "\t".join(cells)
        self.write_text(name, "\n".join(lines) + "\n")

    def tpm(self, name: str) -> np.ndarray:
        lines = self.quant(name).read_text().splitlines()[1:]
        return np.array([float(line.split("\t")[3]) for line in lines])

    def write_sheet(self, rows) -> None:
        lines = [f"{sample}\t{batch}\t{sample}.sf\n" for sample, batch in rows]
        self.sheet.write_text("sample\tbatch\tquant\n" + "".join(lines), encoding="utf-8")

    def call(self, run, *options: object, command: str = "expression") -> Outcome:
        return run(command, self.sheet, "--out", self.out, "--tx2gene", self.tx2gene, *options)

    def written(self) -> list[str]:
        """Return the result files, without the logs of the steps (logs/)."""
        if not self.out.is_dir():
            return []
        return sorted(
            path.relative_to(self.out).as_posix()
            for path in self.out.rglob("*")
            if path.is_file() and self.out / "logs" not in path.parents
        )


@pytest.fixture
def study(tmp_path) -> Study:
    return Study(tmp_path)


@pytest.fixture
def small_disk(tmp_path, lack):
    """A file system of 200 kB; unmounted afterwards."""
    point = tmp_path / "disk"
    point.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", point],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if mounted.returncode:
        lack(f"needs the right to mount a file system ({mounted.stderr.strip()})")
    yield point
    subprocess.run(["umount", point], check=True)
