from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from lotwise.config import Config
from lotwise.doctor.machine import examine_disk, examine_machine

GIB = 2**30


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(("gib", "state"), [(10, "ok"), (9, "warning"), (0.5, "missing")])
def test_examine_disk__bounds(tmp_path, monkeypatch, gib, state):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, int(gib * GIB)))
    found = examine_disk("results", tmp_path / "not" / "yet")
    assert found.state == state
    assert bool(found.remedy) == (state != "ok")


def test_examine_disk__cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    found = examine_disk("results", tmp_path)
    assert (found.state, found.found) == ("missing", f"{tmp_path} cannot be written")


def test_examine_machine__downloads_only_where_there_are_any():
    def subjects(config):
        return {found.subject for found in examine_machine(config)}

    assert subjects(Config()) == {"results", "scratch", "memory", "cores"}
    assert "downloads" in subjects(Config(source="accession", acquire={"accession": "GSE1"}))
