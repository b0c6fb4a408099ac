# Last of all: the tables for a spreadsheet, and what the run was made from and with.
rule workbook:
    """Write the tables as one workbook, in which gene names stay what they are."""
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


# For the record to keep a copy of; where it is a module from elsewhere, it is no file here.
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
        # Reads are read once more, for their checksums.
        runtime=minutes(240),
    params:
        configuration=resolved_configuration,
        # By a function: Snakemake takes braces in plain strings for wildcards.
        workflow=lambda wildcards: (
            ["--workflow", SOURCE] if Path(SOURCE).is_file() else []
        ),
        out=lambda wildcards, output: str(Path(output[0]).parent),
        version=VERSION,
    shell:
        "lotwise record {input.samples:q} --out {params.out:q} {params.workflow:q} "
        "--configuration {params.configuration:q} > {log:q} 2>&1"
