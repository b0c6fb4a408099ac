"""Progress: a bar on a terminal, elsewhere lines in the log of those who want them."""

from __future__ import annotations

import logging
import re
import sys
import time

import pytest

from lotwise.progress import progress, step


def be_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_progress__shows_how_many_on_a_terminal(monkeypatch, capsys):
    be_a_terminal(monkeypatch)
    assert list(progress(iter("abc"), "checking", unit="sample", total=3)) == ["a", "b", "c"]
    shown = capsys.readouterr().err
    assert "checking" in shown
    assert "sample" in shown


def test_progress__prints_nothing_without_a_terminal(capsys):
    assert list(progress([1, 2], "checking", unit="sample")) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_progress__without_a_terminal_each_step_has_a_line(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "lotwise.progress")
    monkeypatch.setattr("lotwise.progress._LEAST_SECONDS", 0)
    for _ in progress([1, 2], "checking", unit="sample"):
        list(progress("abc", "within", unit="letter"))
    with step("writing"):
        pass
    assert [re.sub(r"[\d.]+ s$", "N s", line) for line in caplog.messages] == [
        "lotwise: checking: 2 of 2 samples, N s",
        "lotwise: writing: done, N s",
    ]


def test_progress__a_long_step_says_how_far_it_is(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "lotwise.progress")
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    list(progress(iter("ab"), "checking", unit="sample"))
    assert caplog.messages == [
        "lotwise: checking: 1 sample, 1 min 20 s",
        "lotwise: checking: 2 samples, 2 min 40 s",
        "lotwise: checking: 2 samples, 3 min 20 s",
    ]


def test_step__that_takes_no_time_has_no_line(caplog):
    caplog.set_level(logging.INFO, "lotwise.progress")
    with step("writing"):
        pass
    assert caplog.messages == []


def test_step__that_fails_has_no_line(caplog):
    caplog.set_level(logging.INFO, "lotwise.progress")
    with pytest.raises(ValueError, match="wrong"), step("writing"):
        raise ValueError("wrong")
    assert caplog.messages == []


def test_progress__on_a_terminal_has_no_lines(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "lotwise.progress")
    be_a_terminal(monkeypatch)
    list(progress([1, 2], "checking", unit="sample"))
    assert caplog.messages == []


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
