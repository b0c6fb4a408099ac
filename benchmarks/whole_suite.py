"""All statistics on real samples: time, memory, and results.

    python benchmarks/whole_suite.py                     both data sets, timed in one process
    python benchmarks/whole_suite.py ../shared/data/macrophage_naive [FOLDER ...]

R, contributions and replicate QC, and all that `lotwise evidence` computes, at both levels. Gene
sets and groups are made up, so that the statistics that need them run too. With folders, it prints
the seconds of each part, then what the tables say in short. `real_data_page.py` writes
docs/what-real-data-say.md from the same data.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path

from anndata import AnnData
from timing import SHARED, report, time_command

import lotwise
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.expression import Quantification
from lotwise.run.evidence import gather_evidence

DATA_SETS = ("macrophage_naive", "geuvadis_gencode27_rsem")
MOST_SECONDS, MOST_MEGABYTES = 30, 3000
N_SETS, N_IN_SET = 50, 100

PANELS = ("sex", "msc_identity", "residual_pluripotency")
SUITE = {
    "libraries": {},
    "correlate": {},
    "contributions": {},
    "replicate_qc": {},
    "sensitivity": {},
    "agreement": {},
    "intervals": {},
    "ceilings": {},
    "detectable": {},
    "batches": {},
    "equivalence": {},
}


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:]]
    if folders:
        for folder in folders:
            start = time.perf_counter()
            read = read_folder(folder)
            print(f"{folder.name}\tread\t{time.perf_counter() - start:.2f}")
            run_whole(read)
            _say(read)
        return
    folders = [SHARED / name for name in DATA_SETS]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        sys.exit(f"not timed: {', '.join(missing)} is not there")
    ours = time_command("lotwise", [sys.executable, __file__, *folders], runs=1)
    report(
        f"whole suite, both levels: {' and '.join(DATA_SETS)}",
        ours,
        most_seconds=MOST_SECONDS,
        most_megabytes=MOST_MEGABYTES,
    )


def run_whole(read: Quantification) -> None:
    """Annotate both levels with R and every statistic of the evidence; print the time of each."""
    correlation = CorrelationConfig()
    for level in ("gene", "isoform"):
        expression = getattr(read, level)
        if expression is None:
            continue
        groups = ["first"] * (expression.n_obs // 2)
        expression.obs["condition"] = groups + ["second"] * (expression.n_obs - len(groups))
        for tool in ("correlate", "contributions", "replicate_qc"):
            before = time.perf_counter()
            getattr(lotwise.tl, tool)(expression)
            print(f"{level}\t{tool}\t{time.perf_counter() - before:.2f}")
        with tempfile.TemporaryDirectory() as folder:
            sets = Path(folder) / "made_up.gmt"
            sets.write_text(_made_up_sets(expression))
            config = EvidenceConfig(gene_sets=sets, gene_set_correlation="preset", panels=PANELS)
            before = time.perf_counter()
            gather_evidence(expression, config, correlation)
        print(f"{level}\tevidence\t{time.perf_counter() - before:.2f}")


def _made_up_sets(expression: AnnData) -> str:
    """Write neighbouring features as sets, in GMT."""
    rows = []
    for number in range(N_SETS):
        names = expression.var_names[number * N_IN_SET : (number + 1) * N_IN_SET]
        rows.append("\t".join([f"set_{number}", "made up", *names]))
    return "\n".join(rows) + "\n"


def run_suite(read: Quantification) -> None:
    """Annotate both levels for the page of real data; print the seconds."""
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
