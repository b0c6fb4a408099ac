# From an accession to a sample sheet and a reference.
if RUN.acquire.route == "ncbi" and "isoform" in RUN.levels:
    raise InputError(
        "key 'levels' holds isoform; the route ncbi has gene level only",
        path="configuration",
        remedy="set levels to [gene]",
    )


# A change of settings that determine the result runs a rule again. Other settings, such as those
# of the network, are in `settings` only: Snakemake ignores changes of params that use `threads`.
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
    """Return the section as JSON; a function, see `acquire_keys`."""
    return RUN.acquire.model_dump_json()


def own_reference():
    """Return reference files given by the user, so that a replaced file is noticed."""
    settings = RUN.acquire.reference
    if settings is None or settings.source != "files":
        return []
    return [str(settings.transcripts), str(settings.annotation)]


def own_tables():
    """Return tables downloaded by hand, so that a changed table is noticed."""
    given = RUN.acquire.deposited.path
    return [
        str(path)
        for path in (given.values() if isinstance(given, dict) else [given])
        if path
    ]


checkpoint fetch_samples:
    """Look up the accession, assign batches, and download and verify reads or tables."""
    input:
        own_tables(),
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
        levels=" ".join(f"--level {level}" for level in RUN.levels),
        results=str(RUN.results),
        version=VERSION,
    shell:
        "lotwise fetch --settings {params.settings:q} {params.levels} --samples {output.samples:q} "
        "--results {params.results:q} > {log:q} 2>&1 < /dev/null"


rule fetch_reference:
    """Download transcripts and annotation of the release, verified by its checksums."""
    input:
        own_reference(),
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
        results=str(RUN.results),
        version=tree.FETCHED_VERSION,
    shell:
        "lotwise fetch --settings {params.settings:q} --reference {params.folder:q} "
        "--results {params.results:q} > {log:q} 2>&1 < /dev/null"
