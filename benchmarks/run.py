"""Run the benchmarks, and write the results into docs/benchmarks.md.

    python benchmarks/run.py [CASE ...]

Without names, every case, those that take longest last. What a case measured replaces what was on
file for it. The exit code is 1 where a case failed or missed a bound; both are named at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from timing import Held, missed_bounds

# The page of real data and the tables of rates are not timings; they are made by hand.
NOT_CASES = {
    "run", "timing", "real_data_page", "airway_programs", "equivalence_rates", "gene_set_rates",
    "outlier_rates", "usage_rates", "batch_rates", "genotype_parity", "genotype_rates",
}  # fmt: skip
LAST = ("scatter_matrix", "scaling", "out_of_core")
FOLDER = Path(__file__).resolve().parent
MEASURED = FOLDER / "measured.jsonl"
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by benchmarks/run.py -->\n", "<!-- end of measured -->\n"


def run_case(name: str) -> list[str]:
    """Run one script; its rows replace those that it wrote before. Return its faults."""
    script = FOLDER / f"{name}.py"
    fresh = MEASURED.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    variables = os.environ | {"BENCHMARK_RESULTS": str(fresh)}
    print(f"== {name}", flush=True)
    done = subprocess.run([sys.executable, script], cwd=FOLDER, env=variables, check=False)
    found = [json.loads(line) for line in fresh.read_text().splitlines()] if fresh.exists() else []
    fresh.unlink(missing_ok=True)
    faults = [f"{name}, {row['case']}: {words}" for row in found for words in missed(row)]
    if done.returncode:
        faults.append(f"{name} ended with {done.returncode}")
    elif not found:
        faults.append(f"{name} wrote no row")
    # If it failed, earlier rows that were not measured again stay.
    anew = {row["case"] for row in found}
    kept = [
        row
        for row in rows()
        if row["script"] != script.name or (done.returncode and row["case"] not in anew)
    ] + found
    kept.sort(key=lambda row: row["script"])
    MEASURED.write_text("".join(json.dumps(row) + "\n" for row in kept))
    return faults


def rows() -> list[dict]:
    """Return the measurements on file."""
    lines = MEASURED.read_text().splitlines() if MEASURED.exists() else []
    return [json.loads(line) for line in lines]


def table() -> str:
    """Write the measured cases as a table, with machine and versions."""
    lines = [
        "| case (script) | program | seconds | memory | time relative to lotwise, other numbers |",
        "|---|---|--:|--:|--:|",
    ]
    for row in rows():
        for number, timing in enumerate(row["timings"]):
            case = f"{row['case']} (`{row['script']}`)" if number == 0 else ""
            ratio = row["ratios"].get(timing["name"])
            needed = row["needed"].get(timing["name"])
            bound = f" (needed {needed:.3g})" if needed else ""
            said = [] if ratio is None else [f"{ratio:.3g}{bound}"]
            if number == 0:
                said += [_said(held) for held in row.get("held", [])]
            lines.append(
                f"| {case} | {timing['name']} | {timing['seconds']:,.2f} | "
                f"{timing['megabytes']:,.0f} MB | {'; '.join(said)} |"
            )
    faults = [
        f"- {row['case']} (`{row['script']}`): {words}" for row in rows() for words in missed(row)
    ]
    bounds = ["Bounds missed:", "", *faults] if faults else ["No bound was missed."]
    return "\n".join([*lines, "", *bounds, "", *machines()]) + "\n"


def missed(row: dict) -> list[str]:
    """Return the bounds that a row on file does not meet."""
    held = [Held(**number) for number in row.get("held", [])]
    return missed_bounds(row["ratios"], row["needed"], held)


def _said(held: dict) -> str:
    most = "" if held["most"] is None else f" (at most {held['most']:,g})"
    return f"{held['what']} {held['value']:,.4g}{most}"


def machines() -> list[str]:
    """Return machine and versions of the measurements, once for each combination."""
    seen: dict[str, list[str]] = {}
    for row in rows():
        versions = ", ".join(f"{name} {number}" for name, number in row["versions"].items())
        said = f"{row['machine']}, Python {row['python']}, {versions}"
        seen.setdefault(said, []).append(f"`{row['script']}` (load {row['load']:.1f})")
    return [
        f"Measured on {said}: {', '.join(dict.fromkeys(names))}." for said, names in seen.items()
    ]


def main() -> None:
    every = {path.stem for path in FOLDER.glob("*.py")} - NOT_CASES
    cases = sys.argv[1:] or [*sorted(every - set(LAST)), *LAST]
    faults = []
    for name in cases:
        faults += run_case(name)
        text = PAGE.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        PAGE.write_text(before + BEGIN + "\n" + table() + "\n" + END + after)
    if faults:
        sys.exit("\n".join(["bounds missed, or cases that failed:", *faults]))


if __name__ == "__main__":
    main()
