"""Run the benchmarks, and put what they measured into docs/benchmarks.md.

    python benchmarks/run.py [CASE ...]

Without names, every case. What a case measured replaces what was on file for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

NOT_CASES = {"run", "timing"}
FOLDER = Path(__file__).resolve().parent
MEASURED = FOLDER / "measured.jsonl"
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: written by benchmarks/run.py -->\n", "<!-- end of measured -->\n"


def run_case(name: str) -> None:
    """Run one script; its rows take the place of those that it wrote before."""
    script = FOLDER / f"{name}.py"
    fresh = MEASURED.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    variables = os.environ | {"BENCHMARK_RESULTS": str(fresh)}
    subprocess.run([sys.executable, script], cwd=FOLDER, env=variables, check=False)
    if fresh.exists():
        kept = [row for row in rows() if row["script"] != script.name]
        kept += [json.loads(line) for line in fresh.read_text().splitlines()]
        kept.sort(key=lambda row: row["script"])
        MEASURED.write_text("".join(json.dumps(row) + "\n" for row in kept))
        fresh.unlink()


def rows() -> list[dict]:
    """Give what is on file."""
    lines = MEASURED.read_text().splitlines() if MEASURED.exists() else []
    return [json.loads(line) for line in lines]


def table() -> str:
    """Write the measured cases as a table, with what each was measured on."""
    lines = [
        "| case (script) | program | seconds | memory | times lotwise |",
        "|---|---|--:|--:|--:|",
    ]
    for row in rows():
        for number, timing in enumerate(row["timings"]):
            case = f"{row['case']} (`{row['script']}`)" if number == 0 else ""
            ratio = row["ratios"].get(timing["name"])
            needed = row["needed"].get(timing["name"])
            bound = f" (needed {needed:.3g})" if needed else ""
            times = "" if ratio is None else f"{ratio:.3g}{bound}"
            lines.append(
                f"| {case} | {timing['name']} | {timing['seconds']:,.2f} | "
                f"{timing['megabytes']:,.0f} MB | {times} |"
            )
    return "\n".join([*lines, "", *machines()]) + "\n"


def machines() -> list[str]:
    """Say on what the cases were measured, once for each machine and set of versions."""
    seen: dict[str, list[str]] = {}
    for row in rows():
        versions = ", ".join(f"{name} {number}" for name, number in row["versions"].items())
        said = f"{row['machine']}, Python {row['python']}, {versions}"
        seen.setdefault(said, []).append(f"`{row['script']}` (load {row['load']:.1f})")
    return [
        f"Measured on {said}: {', '.join(dict.fromkeys(names))}." for said, names in seen.items()
    ]


def main() -> None:
    cases = sys.argv[1:] or sorted({path.stem for path in FOLDER.glob("*.py")} - NOT_CASES)
    for name in cases:
        run_case(name)
    text = PAGE.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(before + BEGIN + "\n" + table() + "\n" + END + after)


if __name__ == "__main__":
    main()
