# One page with the answer, from all results of the run; it says what is missing.
REPORT = [str(TREE.report)] if RUN.report else []

if RUN.report:

    rule write_report:
        """Write the report page, which begins with the answer."""
        input:
            results=recorded(),
            provenance=str(TREE.provenance),
            h5ad=[str(TREE.h5ad(level)) for level in RUN.levels],
        output:
            page=report(
                str(TREE.report),
                caption="../report/page.rst",
                category="Report",
            ),
        log:
            results("logs/report.log"),
        benchmark:
            results("benchmarks/report.tsv")
        conda:
            "../envs/lotwise.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(1500, 20),
            runtime=minutes(30),
        params:
            out=lambda wildcards, output: str(Path(output.page).parent),
            options=options(RUN.figures.model_copy(update={"style": "", "formats": ()})),
            version=VERSION,
        shell:
            "lotwise report --out {params.out:q} {params.options} > {log:q} 2>&1"
