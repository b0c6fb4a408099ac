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


@pytest.mark.parametrize(
    ("reads", "gib"),
    [
        ({}, 7.5),
        ({"quantifier": "salmon", "genome": "g.fa"}, 22.4),
        ({"quantifier": "rsem", "aligner": "star", "genome": "g.fa", "gtf": "g.gtf"}, 37.3),
    ],
)
def test_examine_machine__memory_is_what_the_quantifier_asks_for(monkeypatch, reads, gib):
    def memory(of_machine):
        pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": int(of_machine * GIB / 4096)}
        monkeypatch.setattr("os.sysconf", pages.__getitem__)
        config = Config(source="reads", reads=reads)
        return next(one for one in examine_machine(config) if one.subject == "memory")

    assert memory(gib + 0.1).state == "ok"
    found = memory(gib - 0.1)
    assert found.state == "warning"
    assert found.remedy.startswith(f"human references may need {gib} GiB")


def test_examine_machine__downloads_only_where_there_are_any():
    def subjects(config):
        return {found.subject for found in examine_machine(config)}

    assert subjects(Config()) == {"results", "scratch", "memory", "cores"}
    assert "downloads" in subjects(Config(source="accession", acquire={"accession": "GSE1"}))
