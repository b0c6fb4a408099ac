from __future__ import annotations

import json

import pytest


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An empty folder on a machine without programs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lotwise.quantify.kallisto.find_in_wheel", lambda: None)


def test_doctor__fit_for_quantifications_with_nothing_installed(bare, run):
    done = run("doctor")
    assert (done.code, done.err) == (0, "")
    kinds = {line.split()[0] for line in done.out.splitlines()}
    assert kinds <= {"ok", "unused", "warning"}
    assert "unused   slurm controller: sinfo is not in PATH" in done.out.splitlines()


def test_doctor__config_of_the_folder_is_read(bare, run, tmp_path):
    (tmp_path / "config.yaml").write_text("source: reads\n")
    done = run("doctor", "--json")
    assert done.code == 1
    missing = [row for row in json.loads(done.out) if row["state"] == "missing"]
    assert [(row["check"], row["subject"]) for row in missing] == [("program", "kallisto")]
    assert "install kallisto" in missing[0]["remedy"]


def test_doctor__fix_without_a_profile(bare, run):
    done = run("doctor", "--fix")
    assert done.code == 2
    assert "--profile" in done.err


def test_doctor__no_such_profile(bare, run):
    done = run("doctor", "--profile", "cluster")
    assert done.code == 2
    assert done.err.startswith("lotwise: error: cluster: no such profile")
