# From an accession to a sample sheet and a reference, and published coefficients beside computed
# ones.
if RUN.acquire.route == "ncbi" and "isoform" in RUN.levels:
    raise InputError(
        "key 'levels' holds isoform; the route ncbi has gene level only",
        path="configuration",
        remedy="set levels to [gene]",
    )


# A change in what decides runs a rule again. The rest, such as how the network behaves, does not:
# it is in `settings` alone, and Snakemake takes params that ask for `threads` for no reason.
DECIDES_SAMPLES = {
    "accession",
    "route",
    "downloads",
    "urls",
    "samples",
    "single_end",
    "deposited",
}
DECIDES_REFERENCE = {"downloads", "urls", "reference"}


def acquire_settings(wildcards, threads):
    """Give the section as JSON; a function, so that braces of a pattern are no wildcards."""
    return RUN.acquire.model_dump_json()


def acquire_keys(keys):
    """Give keys of the section as JSON, in the same way."""
    return lambda wildcards: RUN.acquire.model_dump_json(include=keys)


checkpoint fetch_samples:
    """Resolve the accession, find the batches, fetch and verify their reads or tables."""
    output:
        samples=SHEET,
    log:
        results("logs/fetch_samples.log"),
    benchmark:
        results("benchmarks/fetch_samples.tsv")
    localrule: True  # compute nodes have no internet
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(24 * 60),
    params:
        settings=acquire_settings,
        decides=acquire_keys(DECIDES_SAMPLES),
        version=VERSION,
    shell:
        "lotwise fetch --settings {params.settings:q} --samples {output.samples:q} "
        "> {log:q} 2>&1 < /dev/null"


rule fetch_reference:
    """Fetch transcripts and annotation of the release, against its checksums."""
    output:
        transcripts=results("reference/transcripts.fa.gz"),
        annotation=results("reference/annotation.gtf.gz"),
    log:
        results("logs/fetch_reference.log"),
    benchmark:
        results("benchmarks/fetch_reference.tsv")
    localrule: True  # compute nodes have no internet
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(12 * 60),
    params:
        settings=acquire_settings,
        decides=acquire_keys(DECIDES_REFERENCE),
        folder=results("reference"),
        version=VERSION,
    shell:
        "lotwise fetch --settings {params.settings:q} --reference {params.folder:q} "
        "> {log:q} 2>&1 < /dev/null"


rule verify:
    """Compare computed with published coefficients; one that differs is in the table."""
    input:
        pairs=expand(results("correlation/{level}.batch_pairs.tsv"), level=RUN.levels),
    output:
        table=report(
            results("verification.tsv"),
            caption="../report/verification.rst",
            category="Correlation",
        ),
    log:
        results("logs/verify.log"),
    benchmark:
        results("benchmarks/verify.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        settings=acquire_keys({"expected"}),
        results=str(RUN.results),
        version=VERSION,
    shell:
        # Exit code 1 says that a coefficient differs: an answer, which the table holds.
        "lotwise verify --settings {params.settings:q} --results {params.results:q} "
        "> {log:q} 2>&1 || [ $? -eq 1 ]"
