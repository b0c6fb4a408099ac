"""`lotwise run` and `lotwise workflow-path`: the workflow that comes with lotwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lotwise.cli.run import _options


def test_workflow_path__is_a_snakefile(run):
    done = run("workflow-path")
    assert done.code == 0
    path = Path(done.out.strip())
    assert path.name == "Snakefile"
    assert path.is_file()
    assert (path.parent / "rules" / "common.smk").is_file()


def test_options__cores_are_given_once_and_profiles_by_name():
    words = _options(Path("c.yaml"), None, ["--cores=3", "--dry-run"])
    assert "all" not in words
    assert words[-2:] == ["--cores=3", "--dry-run"]
    chosen = _options(Path("c.yaml"), "slurm", [])
    profile = Path(chosen[chosen.index("--profile") + 1])
    assert (profile / "config.yaml").is_file()
    assert "--cores" not in chosen
    assert _options(Path("c.yaml"), "my/profile", [])[-1] == "my/profile"


def test_run__without_a_configuration_says_how_to_make_one(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("run")
    assert done.code == 2
    assert done.err == (
        "lotwise: error: config.yaml: no such configuration; `lotwise init DIR` writes one\n"
    )


def test_run__a_demo_takes_no_other_configuration(run):
    done = run("run", "--demo", "--config", "mine.yaml")
    assert done.code == 2
    assert "--demo has its own configuration" in done.err


def test_run__passes_everything_else_to_snakemake(study, tmp_path):
    (study.folder / "config.yaml").write_text(
        f"source: quant\nsamples: {study.sheet}\nresults: {tmp_path / 'out'}\n"
        f"expression:\n  tx2gene: {study.tx2gene}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "lotwise", "run", "--dry-run", "--quiet", "rules"],
        cwd=study.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "correlation" in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()
