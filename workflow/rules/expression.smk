rule expression:
    """Read the quantifications into gene and isoform tables."""
    input:
        samples=str(RUN.samples),
        quantifications=quantifications(),
        tx2gene=[str(RUN.expression.tx2gene)] if RUN.expression.tx2gene else [],
    output:
        samples=results("samples.tsv"),
        h5ad=expand(results("expression/{level}.h5ad"), level=RUN.levels),
        tpm=expand(results("expression/{level}.tpm.tsv.gz"), level=RUN.levels),
    log:
        results("logs/expression.log"),
    benchmark:
        results("benchmarks/expression.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 60),
        runtime=30,
    params:
        out=root_of,
        options=options(RUN.expression),
        levels=" ".join(f"--level {level}" for level in RUN.levels),
        version=VERSION,
    shell:
        "lotwise expression {input.samples:q} --out {params.out:q} {params.options} "
        "{params.levels} > {log:q} 2>&1"
