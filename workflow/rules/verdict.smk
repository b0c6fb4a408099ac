# Acceptance criteria, recorded before results exist, and the verdict.
VERDICT = [] if RUN.acceptance is None else [str(TREE.verdict)]

if RUN.acceptance is not None:
    # Imported here, because every job reads the rules, and most runs have no criteria.
    from lotwise.acceptance import path_of_criteria, read_criteria

    MADE = [
        path
        for level in RUN.levels
        for path in (*correlation_tables(level), *evidence_tables(level))
    ]
    # Read here, so that wrong criteria stop the run before anything is computed. A criterion on a
    # statistic that the run does not compute is not assessable.
    JUDGED = [
        path
        for path in map(results, read_criteria(RUN.acceptance).criteria.files())
        if path in MADE
    ]

    rule register_criteria:
        """Record the acceptance criteria, before anything else is done."""
        input:
            criteria=str(path_of_criteria(RUN.acceptance)),
        output:
            record=results("verdict_criteria.yaml"),
        log:
            results("logs/register_criteria.log"),
        benchmark:
            results("benchmarks/register_criteria.tsv")
        priority: 100
        # Fast, and its output should appear on the terminal of the run.
        localrule: True
        conda:
            "../envs/lotwise.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(500),
            runtime=minutes(10),
        params:
            criteria=lambda wildcards: RUN.acceptance,
            out=lambda wildcards, output: str(Path(output[0]).parent),
            version=VERSION,
        shell:
            "lotwise verdict --register --criteria {params.criteria:q} --out {params.out:q} "
            "> {log:q} 2>&1"

    rule verdict:
        """Judge the results by the acceptance criteria."""
        input:
            criteria=results("verdict_criteria.yaml"),
            tables=JUDGED,
        output:
            # Not verdict_history.jsonl: Snakemake removes an output before it is written again.
            json=str(TREE.verdict),
            table=report(
                str(TREE.criteria),
                caption="../report/verdict.rst",
                category="Verdict",
            ),
        log:
            results("logs/verdict.log"),
        benchmark:
            results("benchmarks/verdict.tsv")
        # Fast, and its output should appear on the terminal of the run.
        localrule: True
        conda:
            "../envs/lotwise.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(1000, 20),
            runtime=minutes(30),
        params:
            criteria=lambda wildcards: RUN.acceptance,
            out=lambda wildcards, output: str(Path(output[0]).parent),
            version=VERSION,
        shell:
            # Exit code 1 of lotwise means "not a pass": this is an answer, stored in the files, and no
            # reason to withhold other results. Exit code 1 of `tee` means that the log was lost.
            "lotwise verdict --criteria {params.criteria:q} --out {params.out:q} 2>&1 "
            '| tee {log:q} || [ "${{PIPESTATUS[*]}}" = "1 0" ]'
