rule correlation:
    """Correlate every pair of samples, over all features and over feature sets."""
    input:
        h5ad=results("expression/{level}.h5ad"),
    output:
        pairs=report(
            results("correlation/{level}.pairs.tsv"),
            caption="../report/pairs.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        batch_pairs=report(
            results("correlation/{level}.batch_pairs.tsv"),
            caption="../report/batch_pairs.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        pearson=report(
            results("correlation/{level}.pearson.tsv"),
            caption="../report/matrix.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        spearman=report(
            results("correlation/{level}.spearman.tsv"),
            caption="../report/matrix.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        replicate_qc=report(
            results("correlation/{level}.replicate_qc.tsv"),
            caption="../report/replicate_qc.rst",
            category="Correlation",
            subcategory="{level}",
        ),
        contributions=report(
            results("correlation/{level}.contributions.tsv"),
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
