"""Write docs/what-real-data-say.md; every number on that page is computed here.

    python benchmarks/real_data_page.py ../shared/data [PAGE]

The text is in real_data_page.md.jinja. If a claim in it no longer agrees with the tables, nothing
is written and the claim is reported.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from whole_suite import DATA_SETS, read_folder, run_suite

import lotwise
from lotwise.files.atomic import atomic_path

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "real_data_page.md.jinja"
PAGE = HERE.parent / "docs" / "what-real-data-say.md"
FEATURE_SETS = {
    "all": "all",
    "detected_any": "detected in either",
    "detected_both": "detected in both",
    "counted_both": "10 counts or more in both",
}


def main() -> None:
    macrophage, lymphoblastoid = (read_folder(Path(sys.argv[1]) / name) for name in DATA_SETS)
    for read in (macrophage, lymphoblastoid):
        run_suite(read)
    text = write_page(macrophage, lymphoblastoid)
    page = Path(sys.argv[2]) if len(sys.argv) > 2 else PAGE
    with atomic_path(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"wrote {page}")


def write_page(macrophage: Any, lymphoblastoid: Any) -> str:
    """Insert the numbers of the annotated levels into the text."""
    gene, isoform = (numbers_of(getattr(macrophage, level)) for level in ("gene", "isoform"))
    gene |= identity_of(macrophage.gene)
    others = {
        level: numbers_of(getattr(lymphoblastoid, level)) | {"name": level}
        for level in ("gene", "isoform")
    }
    others["gene"] |= identity_of(lymphoblastoid.gene) | quality_of(lymphoblastoid.gene)
    held = claims(gene, isoform) | claims_of_lymphoblastoid(
        others["gene"], others["isoform"], lowest=gene["r"][0]["min"]
    )
    for claim, holds in held.items():
        if not holds:
            sys.exit(f"the page claims that {claim}; the tables no longer say so")
    # No escaping, since the output is Markdown and not HTML.
    words = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    words.filters["dictvalues"] = lambda mapping: list(mapping.values())
    words.filters["r"] = lambda value: f"{value:.4f}".removeprefix("0")
    return words.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        gene=gene, isoform=isoform, lymphoblastoid=others
    )


def numbers_of(expression: Any) -> dict[str, Any]:
    """Return the values of one level on the page, from the tables."""

    def table(name: str) -> pd.DataFrame:
        return lotwise.get.evidence(expression, name)

    sets = table("sensitivity").query("pseudocount == 1").set_index("feature_set")["pearson"]
    whole = table("agreement").query("bin == 0")
    ceilings = table("ceilings").query("noise == 'counting'")
    batches = table("batches").set_index("batch").sort_index()
    unseen = table("unseen").set_index("fold")["share"]
    libraries = table("libraries").set_index("sample")
    widths = table("intervals")
    return {
        "n_features": expression.n_vars,
        "r": [spread(sets[name]) | {"set": words} for name, words in FEATURE_SETS.items()],
        "low_spread": _spread_of(table("agreement"), 1),
        "middle_spread": _spread_of(table("agreement"), 6),
        "over_two_fold": spread(whole["share_over_2_fold"]),
        "sere": spread(whole["sere"]),
        "ceiling": spread(ceilings["ceiling"]),
        "ratio": spread(ceilings["ratio"]),
        "unseen": {fold: spread(unseen[fold]) for fold in (2.0, 4.0)},
        "batches": batches.to_dict("index"),
        "depth": float(batches["depth"].iloc[0]),
        "below": [
            name for name, row in batches.iterrows() if row.median_to_others < row.prediction_lower
        ],
        "libraries": libraries.to_dict("index"),
        "flagged": libraries.index[libraries["outlier"]].tolist(),
        "width": float((widths["upper"] - widths["lower"]).median()),
        "warning": widths["warning"].iloc[0],
    }


def _spread_of(agreement: pd.DataFrame, tenth: int) -> float:
    """Return the median robust SD of log ratios in a tenth of expression."""
    rows = agreement[agreement["bin"] == tenth]
    return float(((rows["robust_upper"] - rows["robust_lower"]) / (2 * 1.96)).median())


def identity_of(gene: Any) -> dict[str, Any]:
    """Return the sex of each line and its markers."""
    sex = lotwise.get.evidence(gene, "sex").set_index("sample")
    markers = lotwise.get.evidence(gene, "identity").pivot_table(
        index="marker", columns="sample", values="tpm", sort=False
    )
    return {
        "sex": sex.to_dict("index"),
        "markers": {name: row.sort_values().to_dict() for name, row in markers.iterrows()},
    }


def quality_of(gene: Any) -> dict[str, Any]:
    """Return ENCODE's replicate QC of FPKM, and the genes of sex."""
    of_fpkm = lotwise.get.replicate_qc(gene).query("unit == 'FPKM'")
    sex = lotwise.get.evidence(gene, "sex")
    return {
        "qc": {name: spread(of_fpkm[name]) for name in ("pearson", "mad")},
        "female": spread(sex["female_tpm"]),
        "male": spread(sex["male_tpm"]),
    }


def spread(values: pd.Series) -> dict[str, float]:
    return {"min": values.min(), "median": values.median(), "max": values.max()}


def claims(gene: dict[str, Any], isoform: dict[str, Any]) -> dict[str, bool]:
    """Return for each claim in the text whether the tables support it."""
    counts = {name: row["total_counts"] for name, row in gene["libraries"].items()}
    markers, sexes = gene["markers"], {name: row["sex"] for name, row in gene["sex"].items()}
    last = {name: list(markers[name])[-1] for name in ("NT5E", "THY1")}
    n_detected = [row["n_detected"] for row in gene["libraries"].values()]
    return {
        "most genes are silent": max(n_detected) < gene["n_features"] / 2,
        "one line alone, qaqx_1, lies below its interval": gene["below"] == ["qaqx_1"],
        "no line but qaqx_1 is flagged among genes": set(gene["flagged"]) <= {"qaqx_1"},
        "isoforms have no ceiling": bool(pd.isna(isoform["ceiling"]["max"])),
        "qaqx_1 has the most counts": max(counts, key=counts.__getitem__) == "qaqx_1",
        "qaqx_1 has the most NT5E and THY1": set(last.values()) == {"qaqx_1"},
        "qaqx_1 has the least CD14": next(iter(markers["CD14"])) == "qaqx_1",
        "fikt_3 alone is male": [name for name in sexes if sexes[name] == "male"] == ["fikt_3"],
        "qaqx_1 alone is female": [n for n in sexes if sexes[n] == "female"] == ["qaqx_1"],
        "four express neither": list(sexes.values()).count("no Y expression") == 4,
        "R over features present is lower": gene["r"][0]["median"] > gene["r"][3]["median"],
        "log ratios of low genes spread more": gene["low_spread"] > gene["middle_spread"],
        "half of the genes changed two-fold pass": gene["unseen"][2.0]["min"] == 0.5,
        "the interval is warned of as too narrow": "too narrow" in gene["warning"],
    }


def claims_of_lymphoblastoid(
    gene: dict[str, Any], isoform: dict[str, Any], *, lowest: float
) -> dict[str, bool]:
    """Return the same for the five lymphoblastoid lines."""
    return {
        "isoform R is lower": isoform["r"][0]["max"] < gene["r"][0]["min"],
        "the lowest R of genes is above the macrophages'": gene["r"][0]["min"] > lowest,
        "one lymphoblastoid line lies below its interval": len(gene["below"]) == 1,
        "isoforms of unlike depth have no limits": not isoform["below"],
        "no lymphoblastoid line is flagged": not gene["flagged"] + isoform["flagged"],
        "QC's R is below that over all": gene["qc"]["pearson"]["max"] < gene["r"][0]["min"],
        "all five are female": {row["sex"] for row in gene["sex"].values()} == {"female"},
        "depth explains next to nothing": gene["ceiling"]["min"] > 0.99,
    }


if __name__ == "__main__":
    main()
