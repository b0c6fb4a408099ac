# From reads to checked quantifications. All files of a sample are read to their end before it is
# quantified, and all samples must have passed, including the check of the quantifications, before
# anything is compared. A refused sample stops the comparison, but not the other samples.


def excluded(wildcards):
    """Return the excluded samples as options; a function, because names may have braces."""
    return shlex.join(
        word for name in RUN.reads.exclude for word in ("--exclude", name)
    )


# Columns of the sheet that determine a sample's quantification.
OF_ONE_SAMPLE = ("runs", "strandedness", "fragment_length", "fragment_sd")


rule check:
    """Read the reads of one sample to their end; rule intake passes or refuses the findings."""
    input:
        samples=ancient(SHEET),
        reads=reads,
    output:
        results("intake/{sample}.tsv"),
    log:
        results("logs/check.{sample}.log"),
    benchmark:
        results("benchmarks/check.{sample}.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(30),
        one_at_a_time=1,
    params:
        rows=rows_of(*OF_ONE_SAMPLE),
        out=str(RUN.results),
        version=tree.CHECKED_VERSION,
    shell:
        "lotwise check {input.samples:q} --out {params.out:q} --step reads "
        "--sample {wildcards.sample:q} > {log:q} 2>&1"


rule intake:
    """Join the findings of all samples; refuse samples whose reads are not complete."""
    input:
        samples=SHEET,
        checked=checked_samples,
    output:
        intake=report(
            results("intake.tsv"), caption="../report/intake.rst", category="Reads"
        ),
    log:
        results("logs/intake.log"),
    benchmark:
        results("benchmarks/intake.tsv")
    # A second attempt gives the same answer.
    retries: 0
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(30),
    params:
        out=str(RUN.results),
        exclude=excluded,
        version=tree.CHECKED_VERSION,
    shell:
        "lotwise check {input.samples:q} --out {params.out:q} {params.exclude} --step join > {log:q} 2>&1"


rule index:
    """Build the index of the reference once, before the samples are quantified."""
    input:
        **reference(),
        samples=ancient(SHEET),
    output:
        touch(quantified("index.done")),
    log:
        results("logs/index.log"),
    benchmark:
        results("benchmarks/index.tsv")
    conda:
        f"../envs/{RUN.reads.quantifier}.yaml"
    threads: RUN.reads.threads
    resources:
        mem_mb=megabytes(RUN.reads.memory_mb),
        runtime=minutes(240),
    params:
        # Bootstraps do not belong to the index, but see rule quantify; an existing index is kept.
        options=quantifying("limits", "exclude"),
        made_with=quantified_with,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step index "
        "--threads {threads} > {log:q} 2>&1"


rule quantify:
    """Quantify one sample."""
    input:
        **reference(),
        # Snakemake does not check again whether a job with pending inputs must run: each reason to
        # quantify again must come through `checked` or `index`, which have these params.
        checked=results("intake/{sample}.tsv"),
        index=quantified("index.done"),
        samples=ancient(SHEET),
        reads=reads,
    output:
        directory(quantified("{sample}")),
    log:
        results("logs/quantify.{sample}.log"),
    benchmark:
        results("benchmarks/quantify.{sample}.tsv")
    conda:
        f"../envs/{RUN.reads.quantifier}.yaml"
    threads: RUN.reads.threads
    resources:
        mem_mb=to_quantify(RUN.reads.memory_of),
        runtime=to_quantify(RUN.reads.minutes_of),
        # Limits how many samples of a group run at the same time, if a profile groups them.
        one_at_a_time=1,
    params:
        rows=rows_of(*OF_ONE_SAMPLE),
        options=quantifying("limits", "exclude"),
        limits=limits,
        made_with=quantified_with,
    shell:
        "lotwise quantify {input.samples:q} {params.options} {params.limits} --step quantify "
        "--sample {wildcards.sample:q} --threads {threads} > {log:q} 2>&1"


# `quantify` would take the name of this file for that of a sample.
ruleorder: quantify_halves > quantify


rule quantify_halves:
    """Quantify halves and quarters of one sample's reads, for the ceiling of isoforms."""
    input:
        **reference(),
        # Each reason to quantify again is one of rule quantify.
        quantified=quantified("{sample}"),
        index=quantified("index.done"),
        samples=ancient(SHEET),
        reads=reads,
    output:
        str(halves_of(Path(quantified("{sample}")))),
    log:
        results("logs/quantify_halves.{sample}.log"),
    benchmark:
        results("benchmarks/quantify_halves.{sample}.tsv")
    conda:
        f"../envs/{RUN.reads.quantifier}.yaml"
    threads: RUN.reads.threads
    resources:
        mem_mb=to_quantify(RUN.reads.memory_of),
        runtime=to_quantify(RUN.reads.minutes_of),
        one_at_a_time=1,
    params:
        options=quantifying("bootstraps", "limits", "exclude"),
        made_with=quantified_with,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step halves "
        "--sample {wildcards.sample:q} --threads {threads} > {log:q} 2>&1"


rule judge:
    """Check each sample's use of its reads, compared with the other samples."""
    input:
        **reference(),
        samples=SHEET,
        intake=results("intake.tsv"),
        quantified=quantified_samples,
    output:
        samples=quantified("samples.tsv"),
        strandedness=results("strandedness.tsv"),
        table=report(
            results("yield.tsv"), caption="../report/yield.rst", category="Reads"
        ),
    log:
        results("logs/judge.log"),
    benchmark:
        results("benchmarks/judge.tsv")
    # See rule intake.
    retries: 0
    conda:
        f"../envs/{RUN.reads.quantifier}.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 20),
        runtime=minutes(30),
    params:
        options=quantifying("bootstraps", "extra"),
        # Those of an earlier run are read no more.
        halves="--no-halves" if RUN.reads.halves is False else "",
        version=VERSION,
    shell:
        "lotwise quantify {input.samples:q} {params.options} {params.halves} --step judge "
        "> {log:q} 2>&1"
