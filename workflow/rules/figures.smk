def drawn(stem):
    return [str(path) for path in drawn_as([stem], RUN.figures.formats)]


for level in RUN.levels:

    rule:
        """Draw the figure that follows the paper, and two heatmaps of R."""
        name:
            f"figures_{level}"
        input:
            h5ad=str(TREE.h5ad(level)),
        output:
            report(
                drawn(TREE.paper_figure(level)),
                caption="../report/scatter_matrix.rst",
                category="Figures",
                subcategory=level,
            ),
            report(
                drawn(TREE.figure(level, "heatmap_given")),
                caption="../report/heatmap.rst",
                category="Figures",
                subcategory=level,
            ),
            report(
                drawn(TREE.figure(level, "heatmap_clustered")),
                caption="../report/heatmap.rst",
                category="Figures",
                subcategory=level,
            ),
        log:
            results(f"logs/figures.{level}.log"),
        benchmark:
            results(f"benchmarks/figures.{level}.tsv")
        conda:
            "../envs/lotwise.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(1500, 60),
            runtime=minutes(30),
        params:
            level=level,
            out=root_of,
            options=options(RUN.figures),
            pseudocount=RUN.correlation.pseudocount,
            version=VERSION,
        shell:
            "lotwise figures {params.level} --out {params.out:q} "
            "--pseudocount {params.pseudocount} {params.options} > {log:q} 2>&1"
