"""The certificate has one to three pages to print and is signed by hand or electronically."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lotwise.acceptance.history import Entry, append, read_history, stamp
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.record.checking import log_written
from lotwise.record.digest import NONE, sign_page
from lotwise.record.revisions import amendments_of
from lotwise.report.interpretation import observations
from lotwise.report.let_through import let_through
from lotwise.report.manifest import manifest_of
from lotwise.report.page import environment, warn_of_faults
from lotwise.report.run_tables import Findings, read_findings
from lotwise.report.standing import approval, registration, stand, uncovered
from lotwise.report.summary import batches_sentence, criteria_of, verdict_of
from lotwise.report.words import NOT_KNOWN, bound_words, number_beside
from lotwise.tree import CERTIFICATE
from lotwise.wording import counted

# Statistics with a unit; all others have none.
_UNITS: Final = (
    ("total_counts", "fragments"),
    ("tpm", "TPM"),
    ("share", "share"),
    ("pearson", "R"),
    ("spearman", "rho"),
    ("median_to", "R"),
)
_OUTCOMES: Final = {"pass": "met", "fail": "not met", "descriptive": "descriptive"}
_SIGNED: Final = ("Performed by", "Reviewed by", "Approved by")


def add_deviations(root: Path | str, texts: Sequence[str]) -> None:
    """Record deviations in the history of a results folder.

    Either all or none are written, because a line of the history is never removed.

    Raises
    ------
    InputError
        A text is empty, or the folder has no results.
    """
    every = [" ".join(text.split()) for text in texts]
    if not all(every):
        raise InputError(
            "the text of the deviation is empty", remedy="say what was done differently, and why"
        )
    if every:
        read_findings(Path(root))
    for words in every:
        append(Path(root), Entry(event="deviation", time=stamp(), reason=words))


def require_verdict(root: Path | str) -> Findings:
    """Return the findings of a results folder; raise if they do not allow a certificate.

    Raises
    ------
    InputError
        The folder has no correlations or no verdict.
    """
    findings = read_findings(Path(root))
    if not findings.verdict:
        raise InputError(
            "has no verdict", path=root, remedy="run `lotwise verdict --criteria FILE` first"
        )
    return findings


def write_certificate(root: Path | str) -> Path:
    """Write ``certificate.html``, to be printed or saved as PDF by a browser.

    It contains the verdict with each criterion, times of registration, hashes of criteria and
    inputs, the complete history, deviations, and lines for three signatures. Only the verdict is
    computed; the tables are judged again.

    Raises
    ------
    InputError
        The folder has no correlations or no verdict.
    """
    root = Path(root)
    findings = require_verdict(root)
    page = sign_page(_render(findings))
    target = root / CERTIFICATE
    warn_of_faults(findings, target)
    with atomic_path(target) as temporary:
        temporary.write_text(page, encoding="utf-8")
    log_written(root, "reported", CERTIFICATE)
    return target


def _render(findings: Findings) -> str:
    observed = observations(findings.root)
    history = read_history(findings.root)
    told = findings.verdict
    # One run has one unit.
    unit = findings.levels[0].unit
    return (
        environment()
        .get_template("certificate.html.j2")
        .render(
            verdict=stand(verdict_of(told), faults=findings.faults, n_observations=len(observed)),
            told=told,
            rows=list(_rows(told, unit)),
            unit=unit,
            registration=registration(told),
            approval=approval(told),
            uncovered=uncovered(told),
            faults=findings.faults,
            amendments=amendments_of(findings.root),
            observed=observed,
            let_through=let_through(findings),
            deviations=[one for one in history.entries if one.event == "deviation"],
            history=[(one.when, one.event, _about(one)) for one in history.entries],
            intact=history.intact,
            batches=batches_sentence(findings),
            inputs=_inputs(findings.provenance),
            software=_software(findings.provenance),
            manifest=manifest_of(findings.root),
            signed=_SIGNED,
            no_digest=NONE,
            version=version("lotwise"),
        )
    )


def _rows(told: Mapping[str, Any], unit: str) -> Iterator[dict[str, str]]:
    """Yield specification, result, unit, interval and outcome of each criterion."""
    for one in criteria_of(told):
        value, ends = one.get("value"), one.get("interval")
        bound = str(one.get("bound") or "")
        interval = ""
        if isinstance(ends, list) and all(isinstance(end, int | float) for end in ends):
            interval = " to ".join(number_beside(float(end), bound, 4) for end in ends)
        yield {
            "id": str(one.get("id")),
            "statement": str(one.get("statement")),
            "bound": bound_words(bound),
            "result": NOT_KNOWN if value is None else number_beside(float(value), bound, 4),
            "unit": _unit(str(one.get("statistic"))).replace("TPM", unit),
            "interval": interval or "none",
            "where": str(one.get("where") or ""),
            "tier": str(one.get("tier") or ""),
            "outcome": _OUTCOMES.get(str(one.get("outcome")), "not assessable"),
            "reason": str(one.get("reason") or ""),
        }


def _unit(statistic: str) -> str:
    return next((unit for start, unit in _UNITS if start in statistic), "none")


def _about(entry: Entry) -> str:
    """Return what a line of the history is about."""
    if entry.event == "registered":
        return f"{entry.named}; {counted(entry.n_tables, 'result table')} existed at that time"
    if entry.event == "evaluated":
        return f"{entry.named}: {entry.outcome}"
    if entry.event == "recorded":
        reason = f"; reason given: {entry.reason}" if entry.reason else ""
        return f"revision {entry.revision} of the record{reason}"
    return entry.reason or ", ".join(entry.files) or "lines were missing"


def _inputs(provenance: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    listed = provenance.get("inputs")
    found = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return [
        # The last folder distinguishes files to which a quantifier gives the same name.
        (
            str(one.get("role")),
            "/".join(Path(str(one.get("path"))).parts[-2:]),
            str(one.get("sha256")),
        )
        for one in found
    ]


def _software(provenance: Mapping[str, Any]) -> str:
    told = provenance.get("lotwise")
    if not isinstance(told, Mapping):
        return "not on record"
    commit = f", commit {told['commit']}" if told.get("commit") else ""
    revision = provenance.get("revision", 1)
    return f"lotwise {told.get('version')}{commit}; record revision {revision}"
