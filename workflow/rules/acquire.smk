# From an accession to a sample sheet and a reference.
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
    """Give the section as JSON; a function, as `acquire_keys` gives one."""
    return RUN.acquire.model_dump_json()


def own_reference():
    """Give the reference's own files, so that one put in the place of another is taken."""
    settings = RUN.acquire.reference
    if settings is None or settings.source != "files":
        return []
    return [str(settings.transcripts), str(settings.annotation)]


def own_tables():
    """Give tables that somebody downloaded by hand, so that a changed one is taken."""
    given = RUN.acquire.deposited.path
    return [
        str(path)
        for path in (given.values() if isinstance(given, dict) else [given])
        if path
    ]


checkpoint fetch_samples:
    """Resolve the accession, find the batches, fetch and verify their reads or tables."""
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
    """Fetch transcripts and annotation of the release, against its checksums."""
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
        version=schema.FETCHED,
    shell:
        "lotwise fetch --settings {params.settings:q} --reference {params.folder:q} "
        "--results {params.results:q} > {log:q} 2>&1 < /dev/null"
