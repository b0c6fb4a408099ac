"""Libraries that are installed only where they are asked for."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from lotwise.cli.extras import EXTRAS, missing_extra, modules_of, require_extra
from lotwise.errors import EnvironmentFault


@pytest.mark.parametrize("extra", EXTRAS)
def test_modules_of__every_extra_names_modules_that_are_here(extra):
    modules = modules_of(extra)
    assert modules
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    assert missing == []


def test_require_extra__names_what_is_missing_and_how_to_install_it(monkeypatch):
    found = importlib.util.find_spec

    def find(name, *args):
        return None if name == "jinja2" else found(name, *args)

    monkeypatch.setattr("importlib.util.find_spec", find)
    with pytest.raises(
        EnvironmentFault, match=r"jinja2 is not installed; pip install 'lotwise\[report\]'"
    ):
        require_extra("report")
    require_extra("acquire")


def test_missing_extra__is_of_imports_of_extras_alone():
    assert missing_extra(ImportError("no", name="altair")) is None
    assert missing_extra(ModuleNotFoundError("no", name="lotwise.nothing")) is None
    words = missing_extra(ModuleNotFoundError("no", name="httpx._client"))
    assert words == "httpx is not installed; pip install 'lotwise[acquire]'"


def test_compare__without_the_report_extra_says_so_before_it_computes(run, study, monkeypatch):
    found = importlib.util.find_spec

    def find(name, *args):
        return None if name == "altair" else found(name, *args)

    monkeypatch.setattr("importlib.util.find_spec", find)
    done = study.call(run, command="compare")
    assert done.code == 3
    said = "lotwise: error: altair is not installed; pip install 'lotwise[report]'\n"
    assert done.err == said
    assert not study.out.exists()
    assert study.call(run, "--no-report", "--no-evidence", command="compare").code == 0


def test_commands__an_import_that_fails_for_want_of_an_extra_ends_in_one_line(
    run, study, monkeypatch
):
    assert study.call(run, "--no-report", "--no-evidence", command="compare").code == 0
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for name in [name for name in sys.modules if name.startswith("lotwise.report")]:
        monkeypatch.delitem(sys.modules, name)
    done = run("report", "--out", study.out)
    assert done.code == 3
    assert done.err.endswith("jinja2 is not installed; pip install 'lotwise[report]'\n")
    assert len(done.err.splitlines()) == 1
