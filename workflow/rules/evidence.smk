from lotwise.config import figures_of as evidence_figures
from lotwise.config import tables_of as evidence_tables
from lotwise.files.panels import SHIPPED as SHIPPED_PANELS


def evidence_drawn(level):
    return [
        results(f"figures/{level}_{name}.{suffix}")
        for name in evidence_figures(RUN.evidence, level)
        for suffix in RUN.figures.formats
    ]


def evidence_tabulated(level):
    return [
        results(f"evidence/{level}.{name}.tsv")
        for name in evidence_tables(RUN.evidence, level)
    ]


def evidence_of(level):
    return evidence_tabulated(level) + evidence_drawn(level)


def evidence_files():
    """Give the files that the evidence is read from beside the expression."""
    panels = [panel for panel in RUN.evidence.panels if panel not in SHIPPED_PANELS]
    evidence = RUN.evidence
    files = [evidence.gene_sets, evidence.blocks, evidence.reference_set, *panels]
    return [str(file) for file in files if file is not None]


for level in [level for level in RUN.levels if evidence_tabulated(level)]:

    rule:
        """Compute and draw what stands beside R: agreement, limits, isoforms, batches, identity."""
        name:
            f"evidence_{level}"
        input:
            h5ad=results(f"expression/{level}.h5ad"),
            files=evidence_files(),
        output:
            report(
                evidence_tabulated(level),
                caption="../report/evidence.rst",
                category="Evidence",
                subcategory=level,
            ),
            report(
                evidence_drawn(level),
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
            # Of the correlation's options, those that R itself depends on.
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
