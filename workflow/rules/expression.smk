rule expression:
    """Read the quantifications into gene and isoform tables."""
    input:
        samples=quantified("samples.tsv") if QUANTIFIES else SHEET,
        quantifications=quantifications,
        tx2gene=transcripts_to_genes,
    output:
        samples=report(
            str(TREE.samples), caption="../report/samples.rst", category="Samples"
        ),
        h5ad=[str(TREE.h5ad(level)) for level in RUN.levels],
        tpm=[str(TREE.tpm(level)) for level in RUN.levels],
    log:
        results("logs/expression.log"),
    benchmark:
        results("benchmarks/expression.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 60),
        runtime=minutes(30),
    params:
        out=root_of,
        options=options(expression_settings().model_copy(update={"tx2gene": None})),
        tx2gene=lambda wildcards, input: (
            shlex.join(["--tx2gene", *input.tx2gene]) if input.tx2gene else ""
        ),
        levels=" ".join(f"--level {level}" for level in RUN.levels),
        version=VERSION,
    shell:
        "lotwise expression {input.samples:q} --out {params.out:q} {params.tx2gene} "
        "{params.options} {params.levels} > {log:q} 2>&1"
