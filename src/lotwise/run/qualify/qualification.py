"""The whole qualification and its files: JSON and a printable page."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance.history import stamp
from lotwise.errors import LotwiseWarning
from lotwise.files.atomic import atomic_path
from lotwise.record.environment import libraries, machine, software
from lotwise.report.page import environment
from lotwise.run.qualify.batches import batch_cases
from lotwise.run.qualify.case import Case
from lotwise.run.qualify.formulas import formula_cases
from lotwise.run.qualify.installation import installation_cases
from lotwise.run.qualify.protocol import protocol_cases, read_protocol

JSON: Final = "qualification.json"
PAGE: Final = "qualification.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Qualification:
    """All cases, with the machine and the software on which they ran."""

    started: str
    ended: str
    cases: tuple[Case, ...]

    @property
    def failed(self) -> tuple[Case, ...]:
        """The cases that did not pass."""
        return tuple(case for case in self.cases if not case.passed)

    def as_json(self) -> dict[str, Any]:
        """Return the content of ``qualification.json``."""
        return {
            "outcome": "fail" if self.failed else "pass",
            "started": self.started,
            "ended": self.ended,
            "lotwise": software().model_dump(mode="json"),
            "libraries": libraries(),
            "machine": machine().model_dump(mode="json"),
            "cases": [asdict(case) for case in self.cases],
        }


def qualify(
    *, protocol: Path | None = None, tell: Callable[[Case], None] = lambda _: None
) -> Qualification:
    """Run every case; ``tell`` is called with each when it ends.

    Parameters
    ----------
    protocol
        The laboratory's own protocol, whose stored runs are also repeated.
    tell
        Function to call with each case, for example to print it.

    Raises
    ------
    InputError
        The protocol cannot be read.
    """
    read = None if protocol is None else read_protocol(protocol)
    started = stamp()
    cases = []
    with tempfile.TemporaryDirectory(prefix="lotwise-qualify-") as folder:
        for case in _cases(Path(folder)):
            tell(case)
            cases.append(case)
    if read is not None:
        for case in protocol_cases(read):
            tell(case)
            cases.append(case)
    return Qualification(started=started, ended=stamp(), cases=tuple(cases))


def write_qualification(found: Qualification, out: Path) -> tuple[Path, Path]:
    """Write ``qualification.json`` and ``qualification.html``, with a block for signatures."""
    content = found.as_json()
    told, page = out / JSON, out / PAGE
    with atomic_path(told) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    text = environment().get_template("qualification.html.j2").render(told=content)
    with atomic_path(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return told, page


def _cases(folder: Path) -> Iterator[Case]:
    yield from installation_cases()
    yield from formula_cases()
    with warnings.catch_warnings():
        # Planted faults cause warnings, as they should.
        warnings.simplefilter("ignore", LotwiseWarning)
        yield from batch_cases(folder)
