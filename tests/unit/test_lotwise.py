"""The package's face: parts that are loaded when first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lotwise


def test_lotwise__every_part_is_there_without_an_import_of_its_own():
    # In a process of its own: other tests import the parts, and with them their names.
    command = "import lotwise; print(*(name for name in dir(lotwise) if getattr(lotwise, name)))"
    found = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True)
    assert set(found.stdout.decode().split()) == set(lotwise.__all__)
    assert "simulate" in lotwise.__all__


def test_lotwise__other_names_are_no_attributes():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = lotwise.nonsense
