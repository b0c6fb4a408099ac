"""Progress on a terminal, and nothing in a log."""

from __future__ import annotations

import logging
import sys

from lotwise.progress import progress


def be_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_progress__shows_how_many_on_a_terminal(monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    assert list(progress(iter("abc"), "checking", unit="sample", total=3)) == ["a", "b", "c"]
    shown = capsys.readouterr().err
    assert "checking" in shown
    assert "sample" in shown


def test_progress__is_quiet_in_a_log(capsys):
    assert list(progress([1, 2], "checking", unit="sample")) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_progress__is_quiet_when_asked_to_be(monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    logger = logging.getLogger("lotwise")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        assert list(progress([1, 2], "checking", unit="sample")) == [1, 2]
    finally:
        logger.setLevel(before)
    assert capsys.readouterr().err == ""
