# Supporting evidence: tables, figures and inputs are those of the catalogue.
def evidence_options(wildcards):
    """Return the options of the tables: of the correlation's, only those on which R depends."""
    correlation = RUN.correlation.model_copy(update={"n_contributions": ()})
    return shlex.join([*as_options(correlation), *as_options(RUN.evidence)])


for level in [level for level in RUN.levels if evidence_tables(level)]:

    rule:
        """Compute supporting evidence: agreement, limits, isoforms, batches, identity."""
        name:
            f"evidence_{level}"
        input:
            h5ad=str(TREE.h5ad(level)),
            files=[str(path) for path, _ in inputs_of(RUN.evidence)],
        output:
            report(
                evidence_tables(level),
                caption="../report/evidence.rst",
                category="Evidence",
                subcategory=level,
            ),
        log:
            results(f"logs/evidence.{level}.log"),
        benchmark:
            results(f"benchmarks/evidence.{level}.tsv")
        conda:
            "../envs/lotwise.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(2500, 150),
            runtime=minutes(120),
        params:
            level=level,
            out=root_of,
            options=evidence_options,
            version=VERSION,
        shell:
            "lotwise evidence {params.level} --step tables --out {params.out:q} "
            "{params.options} > {log:q} 2>&1"


for level in [level for level in RUN.levels if evidence_figures(level)]:

    # A separate rule, so that another note or format does not compute the tables again.
    rule:
        """Draw the figures of the evidence tables."""
        name:
            f"evidence_figures_{level}"
        input:
            h5ad=str(TREE.h5ad(level)),
            tables=evidence_tables(level),
            files=[str(path) for path, _ in inputs_of(RUN.evidence)],
        output:
            report(
                evidence_figures(level),
                caption="../report/evidence_figures.rst",
                category="Evidence",
                subcategory=level,
            ),
        log:
            results(f"logs/evidence_figures.{level}.log"),
        benchmark:
            results(f"benchmarks/evidence_figures.{level}.tsv")
        conda:
            "../envs/lotwise.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(2500, 150),
            runtime=minutes(60),
        params:
            level=level,
            out=root_of,
            options=evidence_options,
            formats=options(
                RUN.figures.model_copy(update={"style": "", "decimals": ()})
            ),
            version=VERSION,
        shell:
            "lotwise evidence {params.level} --step figures --out {params.out:q} "
            "{params.options} {params.formats} > {log:q} 2>&1"
