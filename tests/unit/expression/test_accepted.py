"""Every row of the tables in docs/formats/quantifications.md, run: read rightly, or refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import warnings
import zipfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import InputError, LotwiseWarning
from lotwise.files.panels import Marker
from lotwise.tl.identity import marker_tpm

DOCS = Path(__file__).resolve().parents[3] / "docs" / "formats" / "quantifications.md"
# anndata 0.13 asks pandas 3 for it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")

N = 12
GENES = [f"ENSG{i:011d}.{i % 3 + 1}" for i in range(N)]
TRANSCRIPTS = [f"ENST{i:011d}.{i % 3 + 1}" for i in range(N)]
SYMBOLS = [f"SYM{i}" for i in range(N)]
SAMPLES = ("S1", "S2")
RNG = np.random.default_rng(5)
TPM = {name: (v := RNG.lognormal(3, 1, N)) / v.sum() * 1e6 for name in SAMPLES}


def text(header, rows, separator="\t"):
    return "\n".join(separator.join(map(str, row)) for row in [header, *rows]) + "\n"


def matrix(names=GENES, header="gene_id", separator="\t"):
    rows = zip(names, TPM["S1"], TPM["S2"], strict=True)
    return text([header, *SAMPLES], rows, separator)


def quoted(*, names=("gene_id", *SAMPLES), extra=()):
    lines = [",".join(f'"{name}"' for name in (names[0], *extra, *names[1:]))]
    for i, gene in enumerate(GENES):
        cells = [gene, *('aldolase A, "x"'.replace('"', '""') for _ in extra)]
        cells += [TPM[name][i] for name in SAMPLES]
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return "\n".join(lines) + "\n"


def gct(version="1.2"):
    rows = [[g, s, TPM["S1"][i], TPM["S2"][i]]
            for i, (g, s) in enumerate(zip(GENES, SYMBOLS, strict=True))]  # fmt: skip
    sizes = f"{N}\t2" if version == "1.2" else f"{N}\t2\t1\t1"
    meta = "" if version == "1.2" else "tissue\tna\tliver\tliver\n"
    table = text(["Name", "Description", *SAMPLES], rows)
    header, _, body = table.partition("\n")
    return f"#{version}\n{sizes}\n{header}\n{meta}{body}"


def h5ad(**layers):
    return anndata.AnnData(
        np.array([TPM[name] for name in SAMPLES]),
        obs=pd.DataFrame(index=list(SAMPLES)),
        var=pd.DataFrame({"gene_name": SYMBOLS}, index=GENES),
        layers=layers,
    )


def salmon(name, names=TRANSCRIPTS):
    rows = [[t, 900, 700, v, v / 10] for t, v in zip(names, TPM[name], strict=True)]
    return text(["Name", "Length", "EffectiveLength", "TPM", "NumReads"], rows)


def kallisto(name, names=TRANSCRIPTS):
    rows = [[t, 900, 700, v / 10, v] for t, v in zip(names, TPM[name], strict=True)]
    return text(["target_id", "length", "eff_length", "est_counts", "tpm"], rows)


def rsem(name, level="genes", names=None, of=None):
    names = names or (GENES if level == "genes" else TRANSCRIPTS)
    other = "transcript_id(s)" if level == "genes" else "gene_id"
    header = [{"genes": "gene_id", "isoforms": "transcript_id"}[level], other, "length",
              "effective_length", "expected_count", "TPM", "FPKM"]  # fmt: skip
    rows = [[n, g, 900, 700, v / 10, v, v / 2]
            for n, g, v in zip(names, of or GENES, TPM[name], strict=True)]  # fmt: skip
    return text(header, rows)


def gdc(name):
    header = ["gene_id", "gene_name", "gene_type", "unstranded", "stranded_first",
              "stranded_second", "tpm_unstranded", "fpkm_unstranded", "fpkm_uq"]  # fmt: skip
    rows = [[f"N_{word}", "", "", 9, 9, 9, "", "", ""] for word in ("unmapped", "ambiguous")]
    rows += [[g, s, "protein_coding", int(v), 1, 1, v, v / 2, v]
             for g, s, v in zip(GENES, SYMBOLS, TPM[name], strict=True)]  # fmt: skip
    return "# gene-model: GENCODE v36\n" + text(header, rows)


def stringtie(name):
    header = [
        "Gene ID",
        "Gene Name",
        "Reference",
        "Strand",
        "Start",
        "End",
        "Coverage",
        "FPKM",
        "TPM",
    ]
    rows = [[g, s, "chr1", "+", 1, 9, 3.5, v / 2, v]
            for g, s, v in zip(GENES, SYMBOLS, TPM[name], strict=True)]  # fmt: skip
    return text(header, rows)


def zipped(raw):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tpm.tsv", raw)
        archive.writestr("__MACOSX/._tpm.tsv", b"x")
    return packed.getvalue()


MAPPED = [f"{t}|{g}|-|-|{s}-201|{s}|9|lncRNA|"
          for t, g, s in zip(TRANSCRIPTS, GENES, SYMBOLS, strict=True)]  # fmt: skip
APPENDED = [f"{g}_{s}" for g, s in zip(GENES, SYMBOLS, strict=True)]
NFCORE = [[t, g, TPM["S1"][i], TPM["S2"][i]]
          for i, (t, g) in enumerate(zip(TRANSCRIPTS, GENES, strict=True))]  # fmt: skip
NFCORE_GENES = [[g, s, TPM["S1"][i], TPM["S2"][i]]
                for i, (g, s) in enumerate(zip(GENES, SYMBOLS, strict=True))]  # fmt: skip

# Row of the docs: the file of each sample (or of all), and what it must give:
# "gene", "isoform", "+names" where symbols are kept.
ACCEPTED = {
    "RSEM": ({name: {f"{name}.genes.results": rsem(name)} for name in SAMPLES}, "gene"),
    "RSEM, --append-names": (
        {name: {f"{name}.genes.results": rsem(name, names=APPENDED)} for name in SAMPLES},
        "gene+names",
    ),
    "RSEM on genes": (
        {name: {"x.isoforms.results": rsem(name).replace("gene_id", "transcript_id", 1).replace(
            "transcript_id(s)", "gene_id")} for name in SAMPLES}, "gene"),
    "salmon": ({name: {"quant.sf": salmon(name)} for name in SAMPLES}, "isoform"),
    "salmon, genes": (
        {name: {"quant.genes.sf": salmon(name, GENES)} for name in SAMPLES}, "gene"),
    "kallisto": ({name: {"abundance.tsv": kallisto(name)} for name in SAMPLES}, "isoform"),
    "kallisto on genes": (
        {name: {"abundance.tsv": kallisto(name, GENES)} for name in SAMPLES}, "gene"),
    "GENCODE names": (
        {name: {"quant.sf": salmon(name, MAPPED)} for name in SAMPLES}, "isoform gene+names"),
    "GDC (TCGA)": ({name: {"x.tsv": gdc(name)} for name in SAMPLES}, "gene+names"),
    "StringTie -A": ({name: {"x.tab": stringtie(name)} for name in SAMPLES}, "gene+names"),
    "TPM matrix": (matrix(), "gene"),
    "CSV": (matrix(separator=","), "gene"),
    "semicolons, decimal commas": (
        re.sub(r"(?<=\d)\.(?=\d{3})", ",", matrix(separator=";")), "gene"),
    "quoted CSV": (quoted(extra=("Description", "Description")), "gene"),
    "R, write.table": (
        '"S1" "S2"\n' + "".join(
            f'"{g}" {TPM["S1"][i]} {TPM["S2"][i]}\n' for i, g in enumerate(GENES)), "gene"),
    "comment lines": ("# made by x\n# 2020\n" + matrix(), "gene"),
    "header in a comment": ("#" + matrix(), "gene"),
    "old Mac line ends": (matrix().replace("\n", "\r"), "gene"),
    "Excel, Unicode text": (matrix().encode("utf-16"), "gene"),
    "gzip": (gzip.compress(matrix().encode()), "gene"),
    "xz": (lzma.compress(matrix().encode()), "gene"),
    "bzip2": (bz2.compress(matrix().encode()), "gene"),
    "zip": (zipped(matrix().encode()), "gene"),
    "GCT 1.2 (GTEx)": (gct(), "gene+names"),
    "GCT 1.3": (gct("1.3"), "gene+names"),
    "nf-core gene_tpm": (text(["gene_id", "gene_name", *SAMPLES], NFCORE_GENES), "gene+names"),
    "nf-core transcript_tpm": (text(["tx", "gene_id", *SAMPLES], NFCORE), "isoform gene"),
    "symbols first": (
        text(["gene_name", "gene_id", *SAMPLES],
             [[s, g, *rest] for g, s, *rest in NFCORE_GENES]), "gene+names"),
    "pandas row numbers": (
        text(["", "gene_id", *SAMPLES], [[i, g, a, b] for i, (g, _, a, b)
                                         in enumerate(NFCORE_GENES)]), "gene"),
    "DepMap": (
        text(["", *(f"{s} ({i + 100})" for i, s in enumerate(SYMBOLS))],
             [[name, *TPM[name]] for name in SAMPLES], ","), "gene+names"),
    "h5ad": (h5ad(), "gene+names"),
}  # fmt: skip


def write(folder, given):
    """Write the files of a row; return the quantification of each sample."""
    if isinstance(given, anndata.AnnData):
        given.write_h5ad(folder / "tpm.h5ad")
        return dict.fromkeys(SAMPLES, folder / "tpm.h5ad")
    if not isinstance(given, dict):
        path = folder / "table"
        path.write_bytes(given if isinstance(given, bytes) else given.encode())
        return dict.fromkeys(SAMPLES, path)
    quants = {}
    for name, files in given.items():
        for file, content in files.items():
            quants[name] = folder / name / file
            quants[name].parent.mkdir(exist_ok=True)
            quants[name].write_text(content)
    return quants


@pytest.mark.parametrize("row", ACCEPTED)
def test_read_quant__reads_each_row_of_the_table(tmp_path, row):
    given, wanted = ACCEPTED[row]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the gene level is missing")
        level = "gene" if row == "DepMap" else None
        read = lotwise.read_quant(write(tmp_path, given), matrix_level=level)
    levels = {word.partition("+")[0] for word in wanted.split()}
    assert {name for name in ("gene", "isoform") if getattr(read, name) is not None} == levels
    for level in levels:
        found = getattr(read, level)
        names = GENES if level == "gene" else TRANSCRIPTS
        if row != "DepMap":
            assert sorted(found.var_names) == sorted(names)
        order = np.argsort(np.argsort(names)) if list(found.var_names) != names else slice(None)
        np.testing.assert_allclose(
            np.asarray(found.layers["tpm"])[:, order], [TPM[name] for name in SAMPLES], rtol=1e-6
        )
        if level == "gene" and "+names" in wanted:
            assert sorted(found.var["gene_name"]) == sorted(SYMBOLS)
            # A panel finds each gene by the symbol that the file had.
            markers = tuple(Marker(symbol=name, expected="present") for name in SYMBOLS)
            by_symbol = marker_tpm(found, np.asarray(found.layers["tpm"]), markers)
            np.testing.assert_allclose(by_symbol, [TPM[name] for name in SAMPLES], rtol=1e-6)
            assert genes_in_set(found, SYMBOLS) == len(SYMBOLS)


def genes_in_set(expression, symbols):
    """Count the genes that a gene set of these symbols finds."""
    lotwise.tl.gene_sets(
        expression, sets={"all": symbols, "none": ["x"]}, correlation=0.01, threshold=0.0
    )
    return int(lotwise.get.evidence(expression, "gene_sets")["n_genes"].max())


def test_gene_sets__find_the_symbols_of_a_map_of_three_columns(tmp_path):
    quants = write(tmp_path, {name: {"quant.sf": salmon(name)} for name in SAMPLES})
    rows = zip(TRANSCRIPTS, GENES, SYMBOLS, strict=True)
    (tmp_path / "tx2gene.tsv").write_text(text(["tx", "gene_id", "gene_name"], rows))
    with pytest.warns(LotwiseWarning, match="each gene has exactly one transcript"):
        gene = lotwise.read_quant(quants, tx2gene=tmp_path / "tx2gene.tsv").gene
    assert genes_in_set(gene, SYMBOLS) == len(SYMBOLS)


COUNTS = [[g, *(int(TPM[name][i]) for name in SAMPLES)] for i, g in enumerate(GENES)]
FEATURE_COUNTS = [[g, "chr1", 1, 9, "+", 9, a, b] for g, a, b in COUNTS]
DRAWN = np.random.default_rng(5).negative_binomial(0.4, 0.01, (2_000, 2))
CPM = DRAWN / DRAWN.sum(axis=0) * 1e6
REFUSED = {
    "CPM": text(["gene_id", *SAMPLES], [
        [f"ENSG{i:011d}", *map(repr, row)] for i, row in enumerate(CPM.tolist())]),
    "counts": (text(["gene_id", *SAMPLES], [[g, a * 3, b * 3] for g, a, b in COUNTS])),
    "featureCounts": "# Program:featureCounts v2.0.1; Command:x\n"
    + text(["Geneid", "Chr", "Start", "End", "Strand", "Length", *SAMPLES], FEATURE_COUNTS),
    "STAR ReadsPerGene": text(["N_unmapped", 1, 2, 3], [[g, a, b, 0] for g, a, b in COUNTS]),
    "HTSeq": text(COUNTS[0][:2], [*([g, a] for g, a, _ in COUNTS[1:]), ["__no_feature", 9]]),
    "Cufflinks": text(["tracking_id", "gene_id", "FPKM"], [[g, g, 2.5] for g in GENES]),
    "StringTie t_data.ctab": text(["t_id", "t_name", "cov", "FPKM"], [[1, "x", 2, 3.5]]),
    "oarfish": text(["tname", "len", "num_reads"], [[t, 9, 2.5] for t in TRANSCRIPTS]),
    "differential expression": text(
        ["", "baseMean", "log2FoldChange", "padj"], [[g, 2.5, -1, 0.1] for g in GENES]),
    "log scale": text(["gene_id", *SAMPLES], [
        [g, *(np.log2(TPM[name][i] + 1) for name in SAMPLES)] for i, g in enumerate(GENES)]),
    "FPKM": text(["gene_id", *SAMPLES], [[g, TPM["S1"][i] / 2, TPM["S2"][i] / 2]
                                         for i, g in enumerate(GENES)]),
    "MatrixMarket": "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 5.5\n",
    "web page": "<!DOCTYPE html>\n<html><body>Not found</body></html>\n",
    "XML": '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n',
    "JSON": '{"message": "not found"}\n',
    "Git LFS pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
    "zstd": b"\x28\xb5\x2f\xfd\x04\x00",
    "7-Zip": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "xlsx": "xlsx",
    "PDF": b"%PDF-1.7\n",
    "BAM": gzip.compress(b"BAM\x01\x00\x00"),
    "FASTQ": "@r1\nACGT\n+\nIIII\n",
    "RDS": gzip.compress(b"X\n\x00\x00\x00\x03"),
    "RData": gzip.compress(b"RDX3\nX\n"),
    "Parquet": b"PAR1\x15\x04",
    "tar": "tar",
    "zip of several files": "zip2",
    "empty": "",
    "comments alone": "# nothing\n",
    "Latin-1": "gene_id\tS1\tS2\nn\xe4me\t1\t2\n".encode("latin-1"),
    "cut off": matrix().rpartition("\t")[0],
}  # fmt: skip


def refused_bytes(given):
    import tarfile

    packed = io.BytesIO()
    if given == "tar":
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("x"))
    elif given in {"xlsx", "zip2"}:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("[Content_Types].xml" if given == "xlsx" else "a.tsv", b"x")
            archive.writestr("b.tsv", b"x")
    else:
        return given if isinstance(given, bytes) else given.encode()
    return packed.getvalue()


def rows_of_docs(heading):
    """The rows of a table of the page: first cell to last cell."""
    section = DOCS.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {row[0]: row[-1] for row in rows[1:]}


@pytest.mark.parametrize("row", REFUSED)
def test_read_quant__refuses_each_row_with_the_words_of_the_table(tmp_path, row):
    path = tmp_path / "table"
    path.write_bytes(refused_bytes(REFUSED[row]))
    words = rows_of_docs("What is refused")[row].strip("`")
    with pytest.raises(InputError, match=re.escape(words)):
        lotwise.read_quant(dict.fromkeys(SAMPLES, path))


def test_docs__list_what_is_tested_here():
    assert set(rows_of_docs("What is read")) == set(ACCEPTED)
    assert set(rows_of_docs("What is refused")) == set(REFUSED)
