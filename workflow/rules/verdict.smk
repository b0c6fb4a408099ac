# Acceptance criteria, put on record before the results are there, and the verdict under them.
VERDICT = [] if RUN.acceptance is None else [str(TREE.verdict)]

if RUN.acceptance is not None:
    # Here, since every job reads the rules, and most runs have no criteria.
    from lotwise.acceptance import path_of_criteria, read_criteria

    MADE = [
        path
        for level in RUN.levels
        for path in (*correlation_tables(level), *evidence_tables(level))
    ]
    # Read here, so that criteria with a fault stop the run before anything is computed. What they
    # judge and this run does not make is not assessable.
    JUDGED = [
        path
        for path in map(results, read_criteria(RUN.acceptance).criteria.files())
        if path in MADE
    ]

    rule register_criteria:
        """Put the acceptance criteria on record, before anything else is done."""
        input:
            criteria=str(path_of_criteria(RUN.acceptance)),
        output:
            record=results("verdict_criteria.yaml"),
        log:
            results("logs/register_criteria.log"),
        benchmark:
            results("benchmarks/register_criteria.tsv")
        priority: 100
        # Small, and what it says belongs on the terminal of the run.
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
        """Hold the results against the acceptance criteria."""
        input:
            criteria=results("verdict_criteria.yaml"),
            tables=JUDGED,
        output:
            # Not verdict_history.jsonl: Snakemake removes an output before it is made again.
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
        # Small, and what it says belongs on the terminal of the run.
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
            # Exit code 1 of lotwise says that it is no pass: an answer, which the files hold, and
            # no reason to withhold the other results. That of `tee` says that the log is lost.
            "lotwise verdict --criteria {params.criteria:q} --out {params.out:q} 2>&1 "
            '| tee {log:q} || [ "${{PIPESTATUS[*]}}" = "1 0" ]'
