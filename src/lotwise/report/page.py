"""The page: sections, style and scripts in one file that needs no network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from lotwise.acceptance.judgement import MOST_NAMED
from lotwise.acceptance.outdated import AGAIN
from lotwise.files.atomic import atomic_path
from lotwise.record.checking import log_written
from lotwise.record.digest import NONE, sign_page
from lotwise.report.interpretation import DECIMALS, remarks_of, run_remarks
from lotwise.report.let_through import let_through, titration_files
from lotwise.report.manifest import manifest_of
from lotwise.report.record import made_words, record_of
from lotwise.report.remarks import concerns
from lotwise.report.run_tables import Findings, read_findings
from lotwise.report.sections import criteria_table, sections_of
from lotwise.report.standing import approval, registration, stand, uncovered
from lotwise.report.summary import (
    batches_sentence,
    criteria_of,
    level_answer,
    remarks_scope,
    verdict_of,
)
from lotwise.report.words import with_minus
from lotwise.tree import PAGE
from lotwise.wording import counted

_DATATABLES: Final = "vendored/datatables/"
_VEGA: Final = "vendored/vega/vega-embed.js.gz"
_log = logging.getLogger(__name__)


def write_report(root: Path | str, *, note: str = "", decimals: int = DECIMALS) -> Path:
    """Write ``report.html`` from a results folder; nothing is computed again.

    Parameters
    ----------
    root
        The folder written by ``lotwise compare --out`` or the workflow.
    note
        A line at the top and below every figure, such as "simulated data"; if empty, the note in
        ``provenance.json`` is used.
    decimals
        Decimals of correlations.

    Returns
    -------
    The path of the page.

    Raises
    ------
    InputError
        The folder has no correlations, or a file was not written by this version.
    """
    root = Path(root)
    findings = read_findings(root, note=note)
    page = sign_page(render(findings, decimals=decimals))
    target = root / PAGE
    warn_of_faults(findings, target)
    with atomic_path(target) as temporary:
        temporary.write_text(page, encoding="utf-8")
    log_written(root, "reported", PAGE)
    return target


def warn_of_faults(findings: Findings, target: Path) -> None:
    """Log what makes a page or certificate invalid."""
    if findings.faults:
        _log.warning(
            "lotwise: warning: %s: not valid, because these results are not those of their record "
            "(%s, listed in this file); restore the recorded files, or %s",
            target,
            counted(len(findings.faults), "difference"),
            AGAIN,
        )


def render(findings: Findings, *, decimals: int = DECIMALS) -> str:
    """Return the page as HTML."""
    run = run_remarks(findings)
    by_level = {level.level: remarks_of(level, decimals=decimals) for level in findings.levels}
    everything = [*run, *(remark for remarks in by_level.values() for remark in remarks)]
    open_ = list(concerns(everything))
    manifest = manifest_of(findings.root)
    told = verdict_of(findings.verdict, registered=findings.registered)
    vega = files("lotwise.report").joinpath(_VEGA).read_bytes()
    scripts = (_read(f"{_DATATABLES}dataTables.min.js"), _read("templates/page.js"))
    styles = _read(f"{_DATATABLES}dataTables.dataTables.min.css") + _read("templates/style.css")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            findings=findings,
            note=findings.note,
            verdict=stand(told, faults=findings.faults, n_observations=len(open_)),
            manifest=manifest,
            made=made_words(findings.provenance, manifest.document_id),
            no_digest=NONE,
            registration=registration(findings.verdict),
            approval=approval(findings.verdict),
            uncovered=uncovered(findings.verdict),
            criteria_told=findings.verdict,
            rationales=[
                (str(one.get("id")), str(one.get("rationale") or ""))
                for one in criteria_of(findings.verdict)
            ],
            criteria=criteria_table(findings.verdict, decimals=decimals),
            batches=batches_sentence(findings),
            invalid=findings.invalid,
            most_invalid=MOST_NAMED,
            let_through=let_through(findings),
            titration_files=titration_files(findings),
            answers=[level_answer(level, decimals=decimals) for level in findings.levels],
            concerns=open_,
            run_remarks=run,
            level_remarks=by_level,
            scope=remarks_scope(findings),
            sections=sections_of(findings, decimals=decimals),
            record=record_of(findings.provenance),
            version=version("lotwise"),
            styles=styles,
            scripts=scripts,
            vega=base64.b64encode(vega).decode("ascii"),
            policy=_policy((*scripts, gzip.decompress(vega).decode("utf-8"))),
        )
    )


def environment() -> Environment:
    """Return the template environment, which escapes values and refuses undefined ones."""
    made = Environment(
        loader=PackageLoader("lotwise.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["minus"] = with_minus
    return made


def _policy(scripts: tuple[str, ...]) -> str:
    """Return a content security policy that allows only the page's own scripts, by checksum."""
    allowed = " ".join(f"'sha256-{_checksum(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _checksum(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


@cache
def _read(name: str) -> str:
    text = files("lotwise.report").joinpath(name).read_text(encoding="utf-8")
    # An end tag inside a string of a script would end the script.
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--").strip()
