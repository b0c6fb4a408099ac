# One page with the answer, from everything that the run made.
REPORT = [results("report.html")] if RUN.report else []


def reported(wildcards):
    """Give what the page is made of; what a run does not make, the page says is missing."""
    files = [results("samples.tsv")]
    for level in RUN.levels:
        files.append(results(f"expression/{level}.h5ad"))
        files += [results(f"correlation/{level}.{table}.tsv") for table in TABLES]
        files += figures_of(level) + evidence_of(level)
    if ACQUIRES and RUN.acquire.expected:
        files.append(results("verification.tsv"))
    return files


if RUN.report:

    rule write_report:
        """Write the page that opens on the answer."""
        input:
            reported,
        output:
            page=report(
                results("report.html"),
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
            runtime=30,
        params:
            out=str(RUN.results),
            note=RUN.figures.note,
            decimals=RUN.figures.decimals,
            version=VERSION,
        shell:
            "lotwise report --out {params.out:q} --note {params.note:q} "
            "--decimals {params.decimals} > {log:q} 2>&1"
