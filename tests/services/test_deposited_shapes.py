"""Series as laboratories really deposit them: from config.yaml to both figures.

Of the repository's configuration only base addresses, accession and at most two further lines are
changed. Where a shape is refused, the line that the message offers is applied, and the run goes on.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from geo_site import GeoSample, add_gencode, add_series, base_urls, tar_of
from look_alike import fasta_of, gtf_of
from made_up import BATCHES
from test_accession_to_figures import CONFIG, finished

from lotwise.expression.locate import names_genes
from lotwise.samples import read_samples

N_GENES = 30
GENES = [f"ENSG{i:011d}" for i in range(N_GENES)]
ISOFORMS = [f"ENST{i:011d}" for i in range(2 * N_GENES)]
OWNERS = [GENES[i // 2] for i in range(2 * N_GENES)]
ACCESSION = "GSE900001"


def isoform_tpm(seed: int) -> np.ndarray:
    """Abundances of one library: equal to the others' but for noise."""
    base = np.random.default_rng(0).lognormal(3, 1.5, len(ISOFORMS))
    values = base * np.random.default_rng(seed + 1).lognormal(0, 0.3, len(ISOFORMS))
    return values / values.sum() * 1e6


def gene_tpm(seed: int) -> np.ndarray:
    return isoform_tpm(seed).reshape(N_GENES, 2).sum(axis=1)


def samples_of(
    *,
    n: int = 3,
    title: Callable[[int], str] = lambda i: f"iPSC-derived MSC, batch {BATCHES[i]}",
    traits: Callable[[int], list[str]] = lambda _: ["cell type: MSC"],
    description: Callable[[int], str] = lambda _: "",
) -> list[GeoSample]:
    samples = [GeoSample(f"GSM90000{i}", title(i), traits(i), f"SRX90000{i}") for i in range(n)]
    for i, sample in enumerate(samples):
        sample.description = description(i)
    return samples


def text_of(index: str, ids, columns: Mapping[str, np.ndarray]) -> bytes:
    frame = pd.DataFrame(dict(columns), index=pd.Index(ids, name=index))
    return gzip.compress(frame.to_csv(sep="\t").encode(), mtime=0)


def genes_of(n=3, *, names=None, kind="TPM", scale=1.0) -> bytes:
    names = names or BATCHES
    return text_of("gene_id", GENES, {f"{names[i]}_{kind}": gene_tpm(i) * scale for i in range(n)})


def isoforms_of(n=3, *, names=None, kind="TPM", scale=1.0) -> bytes:
    names = names or BATCHES
    return text_of(
        "transcript_id",
        ISOFORMS,
        {f"{names[i]}_{kind}": isoform_tpm(i) * scale for i in range(n)},
    )


def rsem_of(i: int) -> dict[str, bytes]:
    gene = pd.DataFrame({
        "gene_id": GENES, "transcript_id(s)": "T", "length": 1000, "effective_length": 800.0,
        "expected_count": gene_tpm(i) / 10, "TPM": gene_tpm(i), "FPKM": gene_tpm(i) / 2,
    })  # fmt: skip
    isoform = pd.DataFrame({
        "transcript_id": ISOFORMS, "gene_id": OWNERS, "length": 1000, "effective_length": 800.0,
        "expected_count": isoform_tpm(i) / 10, "TPM": isoform_tpm(i), "FPKM": isoform_tpm(i) / 2,
        "IsoPct": 50,
    })  # fmt: skip
    stem = f"GSM90000{i}_{BATCHES[i]}"
    return {
        f"{stem}.{kind}.results.gz": gzip.compress(frame.to_csv(sep="\t", index=False).encode())
        for kind, frame in (("genes", gene), ("isoforms", isoform))
    }


def kallisto_of(i: int) -> dict[str, bytes]:
    counts = isoform_tpm(i) * 800 / 1000
    frame = pd.DataFrame({"target_id": ISOFORMS, "length": 1000, "eff_length": 800.0,
                          "est_counts": counts, "tpm": isoform_tpm(i)})  # fmt: skip
    body = gzip.compress(frame.to_csv(sep="\t", index=False).encode())
    return {f"GSM90000{i}_{BATCHES[i]}_abundance.tsv.gz": body}


def salmon_of(i: int) -> dict[str, bytes]:
    frame = pd.DataFrame({"Name": ISOFORMS, "Length": 1000, "EffectiveLength": 800.0,
                          "TPM": isoform_tpm(i), "NumReads": isoform_tpm(i) * 0.8})  # fmt: skip
    body = gzip.compress(frame.to_csv(sep="\t", index=False).encode())
    return {f"GSM90000{i}_{BATCHES[i]}_quant.sf.gz": body}


def own_tables_of(i: int) -> dict[str, bytes]:
    stem = f"GSM90000{i}_{BATCHES[i]}"
    gene = {"length": np.full(N_GENES, 1000), "count": gene_tpm(i) // 10, "TPM": gene_tpm(i)}
    return {
        f"{stem}_genes.txt.gz": text_of("gene_id", GENES, gene),
        f"{stem}_isoforms.txt.gz": text_of("transcript_id", ISOFORMS, {"TPM": isoform_tpm(i)}),
    }


def archive_of(files: Callable[[int], dict[str, bytes]]) -> dict[str, bytes]:
    members = {name: body for i in range(3) for name, body in files(i).items()}
    return {f"{ACCESSION}_RAW.tar": tar_of(members)}


def workbook() -> bytes:
    out = io.BytesIO()
    with pd.ExcelWriter(out) as writer:
        for sheet, index, ids, tpm in (
            ("Gene TPM", "gene_id", GENES, gene_tpm),
            ("Isoform TPM", "transcript_id", ISOFORMS, isoform_tpm),
        ):
            columns = {BATCHES[i]: tpm(i) for i in range(3)}
            frame = pd.DataFrame(columns, index=pd.Index(ids, name=index))
            frame.to_excel(writer, sheet_name=sheet)
        pd.DataFrame({"note": ["made by hand"]}).to_excel(writer, sheet_name="README", index=False)
    return out.getvalue()


def side_by_side(tpm, index, ids) -> bytes:
    columns = {}
    for i, batch in enumerate(BATCHES):
        columns[f"{batch}_count"] = (tpm(i) // 10).astype(int)
        columns[f"{batch}_FPKM"] = tpm(i) / 3
        columns[f"{batch}_TPM"] = tpm(i)
    return text_of(index, ids, {"start": np.arange(len(ids)), **columns})


def symbols_twice() -> bytes:
    """The gene table by symbols: the last two genes have one symbol."""
    symbols = [f"SYM{i}" for i in range(N_GENES - 1)] + [f"SYM{N_GENES - 2}"]
    return text_of("gene_symbol", symbols, {f"{BATCHES[i]}_TPM": gene_tpm(i) for i in range(3)})


def summed(i: int) -> np.ndarray:
    tpm = gene_tpm(i)
    return np.append(tpm[:-2], tpm[-2] + tpm[-1])


def without_ten(i: int, *, rescaled: bool) -> np.ndarray:
    kept = gene_tpm(i)[10:]
    return kept / kept.sum() * 1e6 if rescaled else kept


def part_of_genes(*, rescaled: bool) -> bytes:
    columns = {f"{BATCHES[i]}_TPM": without_ten(i, rescaled=rescaled) for i in range(3)}
    return text_of("gene_id", GENES[10:], columns)


def two_tables(**options) -> dict[str, bytes]:
    return {
        f"{ACCESSION}_genes_TPM.txt.gz": genes_of(**options),
        f"{ACCESSION}_isoforms_TPM.txt.gz": isoforms_of(**options),
    }


@dataclass
class Shape:
    """A series and what comes out of it; ``lines`` are those changed beside the addresses."""

    files: Callable[[], dict[str, bytes]]
    samples: Callable[[], list[GeoSample]] = samples_of
    lines: dict[str, object] = field(default_factory=dict)
    refused: str = ""
    gene: Callable[[int], np.ndarray] = gene_tpm
    isoform: Callable[[int], np.ndarray] | None = isoform_tpm
    n: int = 3


LIBRARIES = ["lib7_MSC", "lib3_MSC", "lib9_MSC"]
SHAPES = {
    "two tables": Shape(two_tables),
    "genes without mitochondria, rescaled": Shape(
        lambda: two_tables() | {f"{ACCESSION}_genes_TPM.txt.gz": part_of_genes(rescaled=True)},
        gene=lambda i: without_ten(i, rescaled=True),
    ),
    "genes without mitochondria, as they were": Shape(
        lambda: two_tables() | {f"{ACCESSION}_genes_TPM.txt.gz": part_of_genes(rescaled=False)},
        refused="is named TPM, and its decimal numbers add up to",
        gene=lambda i: without_ten(i, rescaled=False),
    ),
    "archive of RSEM": Shape(lambda: archive_of(rsem_of)),
    "archive of kallisto": Shape(lambda: archive_of(kallisto_of)),
    "archive of salmon": Shape(lambda: archive_of(salmon_of)),
    "archive of tables of each sample": Shape(lambda: archive_of(own_tables_of)),
    "TPM, FPKM and counts side by side": Shape(
        lambda: {
            f"{ACCESSION}_genes.txt.gz": side_by_side(gene_tpm, "gene_id", GENES),
            f"{ACCESSION}_isoforms.txt.gz": side_by_side(isoform_tpm, "transcript_id", ISOFORMS),
        }
    ),
    "workbook": Shape(lambda: {f"{ACCESSION}_expression.xlsx": workbook()}),
    "symbols that stand twice": Shape(
        lambda: two_tables() | {f"{ACCESSION}_genes_TPM.txt.gz": symbols_twice()},
        refused="1 features occur more than once, such as SYM28",
        gene=summed,
    ),
    "FPKM alone": Shape(
        lambda: {
            f"{ACCESSION}_genes_FPKM.txt.gz": genes_of(kind="FPKM", scale=0.3),
            f"{ACCESSION}_isoforms_FPKM.txt.gz": isoforms_of(kind="FPKM", scale=0.3),
        }
    ),
    "batch in the description": Shape(
        lambda: two_tables(names=LIBRARIES),
        samples=lambda: samples_of(
            title=lambda i: f"MSC rep {i + 1}",
            description=lambda i: f"batch {BATCHES[i]}; library: {LIBRARIES[i]}",
        ),
    ),
    "columns of libraries that no record names": Shape(
        lambda: two_tables(names=LIBRARIES),
        refused="the columns cannot be matched to samples",
    ),
    "no batch anywhere but the cell line": Shape(
        lambda: two_tables(names=["L-A", "L-B", "L-C"]),
        samples=lambda: samples_of(
            title=lambda i: f"untreated {i}", traits=lambda i: [f"cell line: L-{'ABC'[i]}"]
        ),
        refused="matches no title, characteristic or other field",
    ),
    "six samples of three batches": Shape(
        lambda: two_tables(n=6, names=[f"GSM90000{i}" for i in range(6)]),
        samples=lambda: samples_of(
            n=6, title=lambda i: f"MSC batch {BATCHES[i % 3]}, replicate {i // 3 + 1}"
        ),
        n=6,
    ),
    "two tables of the gene level": Shape(
        lambda: two_tables() | {f"{ACCESSION}_all_genes_TPM.txt.gz": genes_of()},
        refused="2 tables may contain the gene level",
    ),
    "no map from isoforms to genes": Shape(two_tables, lines={"acquire.reference": None}),
    "genes alone": Shape(
        lambda: {f"{ACCESSION}_genes_TPM.txt.gz": genes_of()},
        refused="the isoform level was requested, but the tables have the gene level only",
        isoform=None,
    ),
}


def set_line(document: dict, key: str, value: object) -> None:
    """Set one key of a configuration, named by its path."""
    *parents, last = key.split(".")
    for parent in parents:
        document = document.setdefault(parent, {})
    document[last] = value


def offered_line(message: str) -> tuple[str, object]:
    """Return the key and the value of the line that a message offers."""
    [line, *_] = re.findall(r"`([a-z_.]+: .*?)`", message)
    key, _, value = line.partition(": ")
    return key, yaml.safe_load(value)


@pytest.mark.filterwarnings("default::lotwise.errors.LotwiseWarning")
@pytest.mark.parametrize("name", SHAPES)
def test_shape__from_accession_to_both_figures(name, site, server, run_cli, tmp_path):
    shape = SHAPES[name]
    add_series(site, ACCESSION, "x", shape.samples(), supplementary=shape.files())
    sequences = {
        f"{isoform}|{gene}|-|-|T|G|": "ACGT" * 50
        for isoform, gene in zip(ISOFORMS, OWNERS, strict=True)
    }
    add_gencode(
        site, "44",
        {
            "gencode.v44.transcripts.fa.gz": fasta_of(sequences),
            "gencode.v44.annotation.gtf.gz": gtf_of(sequences),
        },
    )  # fmt: skip
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    document["acquire"] |= {"urls": base_urls(server.url), "accession": ACCESSION}
    lines = {"acquire.route": "deposited", **shape.lines}
    config = tmp_path / "config.yaml"

    def write() -> None:
        for key, value in lines.items():
            set_line(document, key, value)
        config.write_text(yaml.safe_dump(document))

    write()
    if shape.refused:
        code, _, err = run_cli(
            "fetch", "--config", config, "--level", "gene", "--level", "isoform",
            "--samples", tmp_path / "a.tsv", "--downloads", tmp_path / "downloads",
        )  # fmt: skip
        assert code == 2, err
        assert shape.refused in err
        key, value = offered_line(err)
        lines[key] = value
        write()
    assert len(lines) <= 2
    by_workflow = name in BY_WORKFLOW
    results = finished_both(tmp_path, shape) if by_workflow else by_commands(run_cli, tmp_path)
    expected = {"gene": shape.gene, "isoform": shape.isoform}
    for level, tpm in expected.items():
        if tpm is None:
            continue
        written = pd.read_csv(results / f"expression/{level}.tpm.tsv.gz", sep="\t", index_col=0)
        np.testing.assert_allclose(
            written.to_numpy().T, [tpm(i) for i in range(shape.n)], rtol=1e-6, err_msg=level
        )
    fetched = pd.read_csv(results / "fetched.tsv", sep="\t")
    assert list(fetched["accession"]) == [f"GSM90000{i}" for i in range(shape.n)]
    if shape.isoform is not None:
        assert fetched["isoform_from"].notna().all()


# These by Snakemake and up to the figures, which takes a minute each; the others by the commands
# that its rules call, up to the tables that the figures are drawn from.
BY_WORKFLOW = {"two tables", "archive of kallisto", "symbols that stand twice", "genes alone"}


@pytest.mark.filterwarnings("default::lotwise.errors.LotwiseWarning")
def test_shape__isoforms_without_any_map_say_what_they_lack(site, server, run_cli, tmp_path):
    """The isoform level is compared; what needs genes is NaN, and its table says why."""
    add_series(site, ACCESSION, "x", samples_of(), supplementary=two_tables())
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    document["acquire"] |= {
        "urls": base_urls(server.url), "accession": ACCESSION, "route": "deposited",
        "reference": None,
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(document))
    results = by_commands(run_cli, tmp_path)
    for level in ("gene", "isoform"):
        code, _, err = run_cli("correlate", level, "--out", results)
        assert code == 0, err
    code, _, err = run_cli(
        "evidence", "isoform", "--out", results, "--statistic", "agreement",
        "--statistic", "isoform_usage", "--format", "png",
    )  # fmt: skip
    assert code == 0, err
    agreement = pd.read_csv(results / "evidence/isoform.agreement.tsv", sep="\t")
    usage = pl.read_parquet(results / "evidence/isoform.isoform_usage.parquet")
    assert agreement["lower"].notna().all()
    assert usage["distance"].is_nan().all()
    assert set(usage["reason"]) == {"the genes of the isoforms are unknown (tx2gene)"}


def figures_of(shape: Shape) -> list[str]:
    figures = {"gene": "extended_data_fig1_gene", "isoform": "extended_data_fig2_isoform"}
    return [name for level, name in figures.items() if level == "gene" or shape.isoform is not None]


def finished_both(folder: Path, shape: Shape) -> Path:
    """Run the workflow up to the figures."""
    figures = figures_of(shape)
    results = finished(folder, *(f"results/gse150969/figures/{name}.png" for name in figures))
    for figure in figures:
        assert (results / "figures" / f"{figure}.png").stat().st_size > 10_000
    return results


def by_commands(run_cli, folder: Path) -> Path:
    """Call what the rules of the workflow call, up to the tables of the figures."""
    results, config = folder / "results" / "gse150969", folder / "config.yaml"
    sheet = results / "fetched.tsv"
    levels = ["--level", "gene", "--level", "isoform"]
    common = ("--config", config, "--downloads", folder / "downloads")
    code, _, err = run_cli("fetch", *common, *levels, "--samples", sheet)
    assert code == 0, err
    more = []
    has_map = yaml.safe_load(config.read_text())["acquire"]["reference"] is not None
    if has_map and not names_genes(next(sample.quant for sample in read_samples(sheet))):
        reference = results / "reference"
        code, _, err = run_cli("fetch", *common, "--reference", reference)
        assert code == 0, err
        more += ["--tx2gene", reference / "annotation.gtf.gz"]
    kind = yaml.safe_load(config.read_text())["acquire"]["deposited"]["kind"]
    more += ["--tpm-sum", "any"] if kind == "tpm" else []
    code, _, err = run_cli("expression", sheet, "--out", results, *levels, *more)
    assert code == 0, err
    return results


def test_shape__a_table_that_somebody_downloaded_by_hand(site, server, run_cli, tmp_path):
    """No supplementary file is named; the record of the series alone is asked for."""
    add_series(site, ACCESSION, "x", samples_of())
    for level, body in (("gene", genes_of()), ("isoform", isoforms_of())):
        (tmp_path / f"{level}.txt.gz").write_bytes(body)
    paths = {level: str(tmp_path / f"{level}.txt.gz") for level in ("gene", "isoform")}
    settings = {
        "route": "deposited",
        "deposited": {"path": paths},
        "urls": base_urls(server.url),
        "downloads": str(tmp_path / "downloads"),
        "samples": {"pattern": r"CYN-[\w-]+"},
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"acquire": settings}))
    code, out, err = run_cli(
        "fetch", ACCESSION, "--config", config, "--samples", tmp_path / "fetched.tsv"
    )
    assert code == 0, err
    for i, batch in enumerate(BATCHES):
        words = (
            f"GSM90000{i} 'iPSC-derived MSC, batch {batch}' <- column {batch}_TPM of gene.txt.gz"
        )
        assert words in out


def test_shape__two_runs_by_other_tables_keep_their_own(site, server, run_cli, tmp_path):
    """Run A must not be computed from run B's table."""
    add_series(
        site, ACCESSION, "x", samples_of(),
        supplementary={
            "a_genes_TPM.txt.gz": genes_of(),
            "b_genes_TPM.txt.gz": genes_of(names=BATCHES[::-1]),
        },
    )  # fmt: skip
    sheets = {}
    for name in "ab":
        settings = {
            "route": "deposited", "deposited": {"file": f"{name}_genes_TPM.txt.gz"},
            "urls": base_urls(server.url), "downloads": str(tmp_path / "downloads"),
            "samples": {"pattern": r"CYN-[\w-]+"},
        }  # fmt: skip
        config = tmp_path / f"{name}.yaml"
        config.write_text(yaml.safe_dump({"acquire": settings}))
        sheets[name] = tmp_path / f"{name}.tsv"
        code, _, err = run_cli("fetch", ACCESSION, "--config", config, "--samples", sheets[name])
        assert code == 0, err
    for name, order in (("a", (0, 1, 2)), ("b", (2, 1, 0))):
        quants = pd.read_csv(sheets[name], sep="\t")["quant"]
        for quant, i in zip(quants, order, strict=True):
            tpm = pd.read_csv(sheets[name].parent / quant, sep="\t")["TPM"]
            np.testing.assert_allclose(tpm, gene_tpm(i), rtol=1e-9)
