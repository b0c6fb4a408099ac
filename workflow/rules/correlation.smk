rule correlation:
    """Correlate every pair of samples, over all features and over feature sets."""
    input:
        h5ad=str(TREE.h5ad("{level}")),
    output:
        pairs=report(
            table("pairs"),
            caption="../report/pairs.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        batch_pairs=report(
            table("batch_pairs"),
            caption="../report/batch_pairs.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        pearson=report(
            table("pearson"),
            caption="../report/matrix.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        spearman=report(
            table("spearman"),
            caption="../report/matrix.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        replicate_qc=report(
            table("replicate_qc"),
            caption="../report/replicate_qc.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        contributions=report(
            table("contributions"),
            caption="../report/contributions.rst",
            category="Correlation",
            subcategory="{level}",
        ),
    log:
        results("logs/correlation.{level}.log"),
    benchmark:
        results("benchmarks/correlation.{level}.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 60),
        runtime=minutes(60),
    params:
        out=root_of,
        options=options(RUN.correlation),
        version=VERSION,
    shell:
        "lotwise correlate {wildcards.level} --out {params.out:q} {params.options} "
        "> {log:q} 2>&1"
