# Reads to judged quantifications: no sample is quantified before its files have been read to their
# end, and nothing is compared before all have passed and what the quantifier used has been judged.
# A sample that is refused stops the comparison, not the other samples.


def excluded(wildcards):
    """Give the samples to leave out as options; a function, for braces in a name."""
    return shlex.join(
        word for name in RUN.reads.exclude for word in ("--exclude", name)
    )


# What the sheet says of a sample that decides of its quantification.
OF_ONE_SAMPLE = ("runs", "strandedness", "fragment_length", "fragment_sd")


rule check:
    """Read the reads of one sample to their end; what was found is refused or passed by intake."""
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
        version=schema.CHECKED,
    shell:
        "lotwise check {input.samples:q} --out {params.out:q} --step reads "
        "--sample {wildcards.sample:q} > {log:q} 2>&1"


rule intake:
    """Join what was found of all samples; refuse them where reads are not whole."""
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
    # The answer no does not change when it is asked for again.
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
        version=schema.CHECKED,
    shell:
        "lotwise check {input.samples:q} --out {params.out:q} {params.exclude} --step join > {log:q} 2>&1"


rule index:
    """Build the index of the reference, once, before any sample waits for it."""
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
        # Bootstraps are none of the index's, but see rule quantify; what is built is kept.
        options=quantifying("limits", "exclude"),
        made_with=quantified_with,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step index "
        "--threads {threads} > {log:q} 2>&1"


rule quantify:
    """Quantify one sample."""
    input:
        **reference(),
        # Snakemake asks no more of a job that waits, in whatever way, for one that will run: each
        # reason to quantify again has to come by `checked` or `index`, whose params are these.
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
        # Bounds how many samples of a group run beside each other, where a profile groups them.
        one_at_a_time=1,
    params:
        rows=rows_of(*OF_ONE_SAMPLE),
        options=quantifying("limits", "exclude"),
        limits=limits,
        made_with=quantified_with,
    shell:
        "lotwise quantify {input.samples:q} {params.options} {params.limits} --step quantify "
        "--sample {wildcards.sample:q} --threads {threads} > {log:q} 2>&1"


rule judge:
    """Judge what the quantifier used of each sample, beside the others."""
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
    # As intake.
    retries: 0
    conda:
        f"../envs/{RUN.reads.quantifier}.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 20),
        runtime=minutes(30),
    params:
        options=quantifying("bootstraps", "extra"),
        version=VERSION,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step judge > {log:q} 2>&1"
