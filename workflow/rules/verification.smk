# Published and computed coefficients, if the configuration lists some.
rule verify:
    """Compare computed with published coefficients; differences are in the table."""
    input:
        pairs=[table("batch_pairs", level) for level in RUN.levels],
    output:
        table=report(
            str(TREE.verification),
            caption="../report/verification.rst",
            category="Correlation",
        ),
    log:
        results("logs/verify.log"),
    benchmark:
        results("benchmarks/verify.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        settings=acquire_keys({"expected"}),
        results=lambda wildcards, output: str(Path(output.table).parent),
        version=VERSION,
    shell:
        # Exit code 1 means that a coefficient differs: an answer, which is in the table. The shell also
        # ends with 1 if it cannot write the log: without the table, it is not an answer.
        "lotwise verify --settings {params.settings:q} --results {params.results:q} "
        "> {log:q} 2>&1 || [ $? -eq 1 -a -s {output.table:q} ]"
