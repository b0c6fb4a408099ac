# Supporting evidence: tables, figures and inputs are those of the catalogue.
for level in [level for level in RUN.levels if evidence_tables(level)]:

    rule:
        """Compute and draw supporting evidence: agreement, limits, isoforms, batches, identity."""
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
            report(
                evidence_figures(level),
                caption="../report/evidence_figures.rst",
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
            # Only the options of the correlation on which R itself depends.
            correlation=options(
                RUN.correlation.model_copy(update={"n_contributions": ()})
            ),
            options=options(RUN.evidence),
            formats=options(
                RUN.figures.model_copy(update={"style": "", "decimals": ()})
            ),
            version=VERSION,
        shell:
            "lotwise evidence {params.level} --out {params.out:q} {params.correlation} "
            "{params.options} {params.formats} > {log:q} 2>&1"
