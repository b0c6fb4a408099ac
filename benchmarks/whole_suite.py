"""The whole suite of statistics on real samples: time, memory, and what it says.

    python benchmarks/whole_suite.py ../shared/data/macrophage_naive
    python benchmarks/whole_suite.py ../shared/data/geuvadis_gencode27_rsem

Prints the seconds of each tool, then what the tables say in short. `macrophage_page.py` writes
docs/what-the-macrophage-lines-say.md from the same suite.
"""

from __future__ import annotations

import csv
import resource
import sys
import time
from pathlib import Path

import lotwise
from lotwise.expression import Quantification

PANELS = ("sex", "msc_identity", "residual_pluripotency")
SUITE = {
    "libraries": {},
    "correlate": {},
    "culprits": {},
    "replicate_qc": {},
    "sensitivity": {},
    "agreement": {},
    "intervals": {},
    "ceilings": {"methods": ("thinning",)},
    "detectable": {},
    "batches": {},
    "equivalence": {},
}


def main() -> None:
    start = time.perf_counter()
    read = read_folder(Path(sys.argv[1]))
    print(f"read\t{time.perf_counter() - start:.2f}")
    run_suite(read)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"total\t{time.perf_counter() - start:.1f} s\t{peak:.2f} GB\n")
    _say(read)


def run_suite(read: Quantification) -> None:
    """Annotate both levels with every statistic; print what each took."""
    for level in ("gene", "isoform"):
        expression = getattr(read, level)
        if expression is None:
            continue
        extra = {"identity": {"panels": PANELS}} if level == "gene" else {"isoform_usage": {}}
        for tool, parameters in (SUITE | extra).items():
            before = time.perf_counter()
            getattr(lotwise.tl, tool)(expression, **parameters)
            print(f"{level}\t{tool}\t{time.perf_counter() - before:.2f}")


def read_folder(folder: Path) -> Quantification:
    if (folder / "quants").is_dir():
        with (folder / "coldata.csv").open() as handle:
            lines = {row["names"]: row["line_id"] for row in csv.DictReader(handle)}
        files = {
            lines[path.name]: path / "quant.sf.gz" for path in sorted((folder / "quants").iterdir())
        }
        return lotwise.read_quant(files, tx2gene=folder / "tx2gene_from_gencode27.csv.gz")
    suffix = ".genes.results.gz"
    return lotwise.read_quant(
        {path.name.removesuffix(suffix): path for path in sorted(folder.glob(f"*{suffix}"))}
    )


def _say(read: Quantification) -> None:
    for level in ("gene", "isoform"):
        expression = getattr(read, level)
        if expression is None:
            continue
        table = lotwise.get.evidence
        print(f"== {level}")
        sets = table(expression, "sensitivity").query("pseudocount == 1")
        sets = sets[~sets["feature_set"].str.startswith("decile")]
        print(sets.groupby("feature_set")["pearson"].agg(["min", "median", "max"]).round(4))
        whole = table(expression, "agreement").query("bin == 0")
        shown = ["bias", "robust_lower", "robust_upper", "share_over_2_fold", "sere"]
        print(whole[shown].agg(["min", "median", "max"]).round(3))
        ceilings = table(expression, "ceilings")
        print(ceilings[["pearson", "ceiling", "ratio"]].agg(["min", "median", "max"]).round(4))
        unseen = table(expression, "unseen").query("fold in (2.0, 4.0)")
        print(unseen.groupby("fold")["share"].agg(["min", "median", "max"]).round(3))
        shown = ["batch", "median_to_others", "prediction_lower", "prediction_upper"]
        print(table(expression, "batches")[shown].round(4).to_string(index=False))
        shown = ["sample", "total_counts", "n_detected", "outlier_score", "outlier", "shallow"]
        print(table(expression, "libraries")[shown].round(2).to_string(index=False))
        width = table(expression, "intervals")
        print("width of intervals", (width["upper"] - width["lower"]).median().round(5))
        if level == "gene":
            shown = ["sample", "sex", "female_tpm", "male_tpm"]
            print(table(expression, "sex")[shown].round(2).to_string(index=False))
            odd = table(expression, "identity")
            print(
                odd.groupby(["panel", "marker", "expected"], sort=False)["tpm"].agg(["min", "max"])
            )
        else:
            usage = table(expression, "isoform_usage")
            flips = usage.groupby(["sample_a", "sample_b"])["flips"].agg(["mean", "size"])
            print(flips.agg(["min", "median", "max"]).round(4))


if __name__ == "__main__":
    main()
