"""The module that MultiQC runs: general statistics, R of batches, heatmaps, verdict."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final

from multiqc.base_module import BaseMultiqcModule, ModuleNoSamplesFound
from multiqc.plots import heatmap, table

from lotwise.multiqc_plugin.history import against_history
from lotwise.multiqc_plugin.names import name_runs, name_samples
from lotwise.multiqc_plugin.tables import (
    Place,
    Row,
    between_batches,
    library_state,
    number,
    place_of,
    read_matrix,
    read_object,
    read_rows,
)

# MultiQC shows the messages of its own loggers only.
_log = logging.getLogger("multiqc.lotwise")

# Levels in the order in which they are shown; files of other levels are not lotwise's.
_LEVELS: Final = ("gene", "isoform")
_R: Final = {"min": -1, "max": 1, "scale": "RdYlGn", "format": "{:,.4f}"}
_OF_FILE: Final = ("root", "fn", "sp_key")
_OUTCOMES: Final = {"pass": "success", "fail": "danger", "not assessable": "warning"}


class MultiqcModule(BaseMultiqcModule):
    """R between batches, libraries and the verdict of every lotwise run among the files."""

    def __init__(self) -> None:
        """Read the files that the search patterns found."""
        super().__init__(
            name="lotwise",
            anchor="lotwise",
            info="asks whether manufacturing batches of cells have the same transcriptome.",
        )
        # What cannot be shown, of which run and why; a faulty file hides nothing else.
        self._problems: list[tuple[str, str]] = []
        # One file of each run, by which MultiQC cleans its names.
        self._files: dict[str, Any] = {}
        self._pairs = dict(self._read("pairs"))
        self._libraries = dict(self._read("libraries"))
        self._batch_pairs = dict(self._read("batch_pairs"))
        self._matrices = dict(self._texts("pearson"))
        self._verdicts = dict(self._objects("verdict"))
        samples = self._samples()
        tables = (self._pairs, self._libraries, self._batch_pairs, self._matrices)
        found = {place.run for table in tables for place in table} | set(self._verdicts)
        self._runs = sorted(found | {run for run, _ in self._problems})
        if not self._runs:
            raise ModuleNoSamplesFound
        self._run_names = name_runs(self._runs)
        self._names = name_samples(samples, self._run_names, self._clean)
        for run, told in self._objects("provenance"):
            with self._telling(run, "its record"):
                self.add_software_version(str(told.get("lotwise", {}).get("version", "")) or None)
        self._add_verdicts()
        self._add_statistics()
        self._add_batch_pairs()
        self._add_heatmaps()
        self._add_problems()
        _log.info("Found %d results of lotwise", len(self._runs))

    @contextmanager
    def _telling(self, run: str, what: str) -> Iterator[None]:
        """Report an error in a part of one run without hiding the rest."""
        try:
            yield
        except Exception as error:  # noqa: BLE001, reported on the page and in the log
            words = f"{what} cannot be shown ({type(error).__name__}: {error})"
            _log.warning("%s: %s", run, words)
            self._problems.append((run, words))

    def _texts(self, kind: str) -> Iterator[tuple[Place, str]]:
        for found in self.find_log_files(f"lotwise/{kind}"):
            place = place_of(found["root"], found["fn"])
            if place.level in _LEVELS:
                self.add_data_source(found, f"{place.run}: {found['fn']}")
                self._files.setdefault(place.run, {key: found[key] for key in _OF_FILE})
                yield place, found["f"]

    def _samples(self) -> dict[str, list[str]]:
        """Return the samples of each run, from its pairs, libraries and matrices."""
        samples: dict[str, dict[str, None]] = {}
        for place, rows in (self._pairs | self._libraries).items():
            with self._telling(place.run, "its samples"):
                ends = ("sample_a", "sample_b") if "sample_a" in rows[0] else ("sample",)
                names = dict.fromkeys(row[end] for row in rows for end in ends)
                samples.setdefault(place.run, {}).update(names)
        for place, text in self._matrices.items():
            with self._telling(place.run, "its samples"):
                samples.setdefault(place.run, {}).update(dict.fromkeys(read_matrix(text)[0]))
        return {run: list(names) for run, names in samples.items()}

    def _clean(self, run: str, sample: str) -> str:
        """Return a name as MultiQC's options for sample names make it."""
        return str(self.clean_s_name(sample, self._files[run]))

    def _read(self, kind: str) -> Iterator[tuple[Place, list[Row]]]:
        for place, text in self._texts(kind):
            with self._telling(place.run, f"{place.level}.{kind}.tsv"):
                yield place, read_rows(text)

    def _objects(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for found in self.find_log_files(f"lotwise/{kind}"):
            self.add_data_source(found, f"{found['root']}: {found['fn']}")
            run = str(PurePath(found["root"]))
            with self._telling(run, found["fn"]):
                yield run, read_object(found["f"])

    def _add_problems(self) -> None:
        """Add a list of what is missing on this page."""
        if self._problems:
            lines = [
                f"<strong>{html.escape(self._run_names[run])}</strong>: {html.escape(words)}"
                for run, words in self._problems
            ]
            self.add_section(
                name="Not shown",
                anchor="lotwise_not_shown",
                content='<div class="alert alert-warning">' + "<br>".join(lines) + "</div>",
            )

    def _title(self, words: str, run: str) -> str:
        """Return the title of a section, with the run if there are several."""
        if len(self._runs) == 1:
            return words
        return f"{words}: {html.escape(self._run_names[run])}"

    def _add_statistics(self) -> None:
        """Add columns to the general statistics; those of isoforms are hidden."""
        for level in _LEVELS:
            columns = self._statistics_of(level)
            if columns:
                named = {
                    sample: {f"{level}_{name}": value for name, value in found.items()}
                    for sample, found in columns.items()
                }
                self.general_stats_addcols(named, _headers(level), namespace=level)
                self.write_data_file(named, f"multiqc_lotwise_{level}")

    def _statistics_of(self, level: str) -> dict[str, dict[str, Any]]:
        """Return the general statistics of every sample that is shown, by its name."""
        found: list[tuple[Place, str, dict[str, Any]]] = []
        for place, rows in _of_level(self._pairs, level):
            with self._telling(place.run, f"R of samples, {level} level"):
                found += [(place, name, of_r) for name, of_r in between_batches(rows).items()]
        for place, rows in _of_level(self._libraries, level):
            with self._telling(place.run, f"libraries, {level} level"):
                found += [(place, row["sample"], _library(row)) for row in rows]
        columns: dict[str, dict[str, Any]] = {}
        for place, sample, statistics in found:
            if self._shown(sample, place):
                columns.setdefault(self._name(sample, place), {}).update(statistics)
        return columns

    def _name(self, sample: str, place: Place) -> str:
        """Return the name of a sample, with its run if two runs have a sample of that name."""
        return self._names.get((place.run, sample), sample)

    def _shown(self, sample: str, place: Place) -> bool:
        """Return whether the user's options keep a sample, by its name with or without its run."""
        name = self._name(sample, place)
        own = name.removeprefix(f"{self._run_names[place.run]} | ")
        return not any(self.is_ignore_sample(one) for one in (name, own, sample))

    def _add_batch_pairs(self) -> None:
        for place, rows in sorted(self._batch_pairs.items()):
            with self._telling(place.run, f"batches, {place.level} level"):
                self._add_batches(place, rows)

    def _add_batches(self, place: Place, rows: Sequence[Row]) -> None:
        chosen = [row for row in rows if row["feature_set"] in {"all", "detected_both"}]
        cells: dict[str, dict[str, float | None]] = {}
        for row in chosen:
            name = html.escape(f"{row['batch_a']} - {row['batch_b']}")
            of_set = {
                f"{row['feature_set']}_{column}": number(row[column])
                for column in ("pearson", "ccc", "n_features")
            }
            cells.setdefault(name, {}).update(of_set)
        anchor = f"lotwise_batches_{place.level}_{self._runs.index(place.run)}"
        self.add_section(
            name=self._title(f"Batches, {place.level} level", place.run),
            anchor=anchor,
            description=(
                "Pearson's R and Lin's concordance of log2(TPM + c) between batches. Samples of a "
                "batch are averaged on the TPM scale. Both are computed over two sets: all "
                "features, and the features detected in both batches. In the first set, features "
                "that are zero in both batches count as agreement."
            ),
            plot=table.plot(cells, _batch_headers(), {"id": f"{anchor}_table", "title": anchor}),
        )

    def _add_heatmaps(self) -> None:
        for place, text in sorted(self._matrices.items()):
            with self._telling(place.run, f"heatmap, {place.level} level"):
                self._add_heatmap(place, text)

    def _add_heatmap(self, place: Place, text: str) -> None:
        names, rows = read_matrix(text)
        kept = [i for i, name in enumerate(names) if self._shown(name, place)]
        names = [self._name(names[i], place) for i in kept]
        rows = [[rows[i][j] for j in kept] for i in kept]
        others = [
            r for i, row in enumerate(rows) for j, r in enumerate(row) if i != j and r is not None
        ]
        anchor = f"lotwise_heatmap_{place.level}_{self._runs.index(place.run)}"
        self.add_section(
            name=self._title(f"Pearson's R, {place.level} level", place.run),
            anchor=anchor,
            description=(
                "Pearson's R of log2(TPM + c) over all features, for every pair of samples. The "
                "colours start at the lowest R."
            ),
            plot=heatmap.plot(
                rows,
                names,
                names,
                {
                    "id": f"{anchor}_plot",
                    "title": f"lotwise: Pearson's R, {place.level} level",
                    "zlab": "R",
                    "min": min(others, default=-1.0),
                    "max": 1,
                    "tt_decimals": 4,
                    "display_values": len(names) <= 12,
                    "cluster_rows": False,
                    "cluster_cols": False,
                },
            ),
        )

    def _add_verdicts(self) -> None:
        for run, told in sorted(self._verdicts.items()):
            with self._telling(run, "its verdict"):
                self._add_verdict(run, told)

    def _add_verdict(self, run: str, told: Mapping[str, Any]) -> None:
        anchor = f"lotwise_verdict_{self._runs.index(run)}"
        on_record, doubts = against_history(Path(run), told)
        outcome = _outcome(told, on_record)
        criteria = {
            html.escape(str(item.get("id", place))): _criterion(item)
            for place, item in enumerate(told.get("criteria", ()), start=1)
        }
        self.add_section(
            name=self._title("Verdict", run),
            anchor=anchor,
            content_before_plot=_verdict_words(told, outcome, doubts),
            plot=(
                table.plot(criteria, _CRITERION_HEADERS, {"id": f"{anchor}_table", "title": anchor})
                if criteria
                else None
            ),
        )
        self.write_data_file({run: {"outcome": outcome}}, f"multiqc_{anchor}")


def _of_level(tables: Mapping[Place, list[Row]], level: str) -> list[tuple[Place, list[Row]]]:
    return [(place, rows) for place, rows in tables.items() if place.level == level]


def _library(row: Row) -> dict[str, Any]:
    return {
        "n_detected": number(row.get("n_detected")),
        "share_of_highest": number(row.get("share_of_highest")),
        "total_counts": number(row.get("total_counts")),
        "library": library_state(row),
    }


def _headers(level: str) -> dict[str, dict[str, Any]]:
    hidden = level != _LEVELS[0]
    columns: dict[str, dict[str, Any]] = {
        "lowest": {
            "title": "Lowest R",
            "description": f"lowest Pearson's R to a sample of another batch, {level} level",
            **_R,
        },
        "median": {
            "title": "Median R",
            "description": f"median Pearson's R to samples of other batches, {level} level",
            "hidden": True,
            **_R,
        },
        "n_detected": {
            "title": "Detected",
            "description": f"{level}s at or above the detection threshold",
            "format": "{:,.0f}",
            "scale": "Blues",
        },
        "share_of_highest": {
            "title": "Top 50",
            "description": f"share of TPM in the 50 {level}s with the highest TPM",
            "min": 0,
            "max": 1,
            "format": "{:,.3f}",
            "scale": "Oranges",
        },
        "total_counts": {
            "title": "Counts",
            "description": f"sum of estimated counts, {level} level",
            "format": "{:,.0f}",
            "hidden": True,
        },
        "library": {
            "title": "Library",
            "description": (
                "shallow: far fewer counts than the others; outlier: low mean R; not known: "
                "no counts, or too few samples"
            ),
            # Complete states, so that "not known: outlier" is not marked.
            "cond_formatting_rules": {
                "pass": [{"s_eq": "unremarkable"}],
                "fail": [
                    {"s_eq": state} for state in ("shallow", "outlier", "shallow and outlier")
                ],
            },
        },
    }
    return {
        f"{level}_{name}": {**header, "hidden": hidden or header.get("hidden", False)}
        for name, header in columns.items()
    }


def _batch_headers() -> dict[str, dict[str, Any]]:
    headers: dict[str, dict[str, Any]] = {}
    for feature_set, words in (("all", "all features"), ("detected_both", "detected in both")):
        for column, title in (("pearson", "R"), ("ccc", "Concordance")):
            headers[f"{feature_set}_{column}"] = {"title": f"{title}, {words}", **_R}
        headers[f"{feature_set}_n_features"] = {
            "title": f"Features, {words}",
            "format": "{:,.0f}",
            "scale": False,
        }
    return headers


_CRITERION_HEADERS: Final = {
    "outcome": {
        "title": "Outcome",
        "cond_formatting_rules": {
            "pass": [{"s_eq": "pass"}],
            "fail": [{"s_eq": "fail"}],
            "warn": [{"s_eq": "not assessable"}],
        },
    },
    "statement": {"title": "Criterion"},
    "value": {"title": "Value", "scale": False, "format": "{:,.4f}"},
    "bound": {"title": "Bound"},
    "where": {"title": "Where"},
    "reason": {"title": "Reason"},
}


def _criterion(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a criterion's cells, escaped because MultiQC inserts text into the page as it is."""
    cells: dict[str, Any] = {
        name: html.escape(str(item[name]))
        for name in ("outcome", "statement", "bound", "where", "reason")
        if item.get(name) not in {None, ""}
    }
    value = item.get("value")
    return cells | ({"value": float(value)} if isinstance(value, int | float) else {})


def _outcome(told: Mapping[str, Any], on_record: str) -> str:
    """Return the outcome from file, criteria and history; an edited one never passes."""
    each = {one.get("outcome") for one in told.get("criteria", ())} or {"none"}
    found = (each - {"descriptive"}) | {told.get("outcome"), on_record or told.get("outcome")}
    return "fail" if "fail" in found else "pass" if found == {"pass"} else "not assessable"


def _verdict_words(told: Mapping[str, Any], outcome: str, doubts: Sequence[str]) -> str:
    """Return the outcome in words and in a colour, with what must be known before trusting it."""
    title = f" ({told['title']})" if told.get("title") else ""
    checksum = html.escape(str(told.get("criteria_sha256")))
    lines = [
        (
            f"<strong>{html.escape(outcome)}</strong> under these criteria{html.escape(title)}, "
            f"SHA-256 {checksum}"
        ),
        *(html.escape(str(notice)) for notice in (*doubts, *told.get("notices", ()))),
    ]
    # A pass that cannot be trusted is not green.
    colour = "warning" if outcome == "pass" and doubts else _OUTCOMES.get(outcome, "secondary")
    return f'<div class="alert alert-{colour}">{"<br>".join(lines)}</div>'
