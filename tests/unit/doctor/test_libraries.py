from __future__ import annotations

import subprocess
import sys

from packaging.requirements import Requirement

from lotwise.doctor.libraries import examine_libraries, examine_library

WITHOUT_DNAIO = """
import sys
sys.modules["dnaio"] = None
from lotwise.config import Config
from lotwise.doctor import examine
for finding in examine(Config(), timeout=1):
    print(finding)
"""


def test_examine_library__too_old():
    found = examine_library(Requirement("numpy>=999"))
    assert found.state == "missing"
    assert found.remedy == "pip install 'numpy>=999'"
    assert examine_library(Requirement("numpy>=1")).state == "ok"


def test_examine_libraries__the_lock_fits():
    found = list(examine_libraries(with_slurm=True))
    assert {finding.state for finding in found} == {"ok"}
    assert {"Python", "lotwise", "snakemake"} < {finding.subject for finding in found}


def test_examine__goes_on_without_a_library():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DNAIO], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("missing  program (all): not checked")]
    assert any(line.startswith("ok       machine cores") for line in lines)
