# Last of all: the workbook of tables, and the record of inputs, programs and settings.
rule workbook:
    """Write the tables as one workbook, in which gene names are kept as text."""
    input:
        tables(),
    output:
        report(
            str(TREE.workbook),
            caption="../report/workbook.rst",
            category="Tables",
        ),
    log:
        results("logs/workbook.log"),
    benchmark:
        results("benchmarks/workbook.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 10),
        runtime=minutes(30),
    params:
        out=lambda wildcards, output: str(Path(output[0]).parent),
        version=VERSION,
    shell:
        "lotwise workbook {params.out:q} > {log:q} 2>&1"


# The record keeps a copy; a module from a remote address is not a local file.
SOURCE = workflow.current_basedir.join("../Snakefile").get_path_or_uri(secret_free=True)


rule record:
    """Write the record: inputs and outputs with checksums, programs, configuration, machine."""
    input:
        samples=quantified("samples.tsv") if QUANTIFIES else SHEET,
        results=recorded(),
    output:
        report(
            str(TREE.provenance),
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
        mem_mb=megabytes(1000),
        # The reads are read once more, for their checksums.
        runtime=minutes(240),
    params:
        configuration=resolved_configuration,
        # A function, because Snakemake treats braces in plain strings as wildcards.
        workflow=lambda wildcards: (
            ["--workflow", SOURCE] if Path(SOURCE).is_file() else []
        ),
        out=lambda wildcards, output: str(Path(output[0]).parent),
        version=VERSION,
    shell:
        "lotwise record {input.samples:q} --out {params.out:q} {params.workflow:q} "
        "--configuration {params.configuration:q} > {log:q} 2>&1"
