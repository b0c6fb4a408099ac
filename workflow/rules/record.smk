# Last of all: what the run was made from and with.
def resolved_configuration(wildcards):
    """Give the configuration as the rules used it, as JSON; a function, for the braces."""
    genes = transcripts_to_genes()
    expression = {
        "tx2gene": Path(genes[0]) if genes else None,
        "bootstraps": keeps_bootstraps(),
    }
    update = {
        "samples": Path(SHEET),
        "expression": RUN.expression.model_copy(update=expression),
    }
    if QUANTIFIES:
        files = {name: Path(file) for name, file in reference().items()}
        update["reads"] = RUN.reads.model_copy(update=files)
    return RUN.model_copy(update=update).model_dump_json()


rule record:
    """Write the record: inputs and outputs with checksums, programs, configuration, machine."""
    input:
        samples=quantified("samples.tsv") if QUANTIFIES else SHEET,
        results=recorded(),
    output:
        report(
            results("provenance.json"),
            caption="../report/provenance.rst",
            category="Record",
        ),
    log:
        results("logs/record.log"),
    benchmark:
        results("benchmarks/record.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        # Reads are read once more, for their checksums.
        runtime=240,
    params:
        configuration=resolved_configuration,
        out=str(RUN.results),
        version=VERSION,
    shell:
        "lotwise record {input.samples:q} --out {params.out:q} "
        "--configuration {params.configuration:q} > {log:q} 2>&1"
