# Reads to judged quantifications: nothing is quantified before every file has been read to its
# end, and nothing is compared before what the quantifier used has been judged.

# Megabytes and minutes that quantifying one sample may need at its first attempt.
QUANTIFY_MB = RUN.reads.memory_mb
QUANTIFY_MINUTES = {"kallisto": 60, "salmon": 60, "rsem": 240}[RUN.reads.quantifier]

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
        version=VERSION,
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
        version=VERSION,
    shell:
        "lotwise check {input.samples:q} --out {params.out:q} --step join > {log:q} 2>&1"


rule passed:
    """Mark that all reads have passed: what is quantified waits for it.

    A file of its own, since Snakemake removes intake.tsv where a later intake refuses, and would
    then quantify anew what it had quantified.
    """
    input:
        intake=results("intake.tsv"),
    output:
        results("intake/passed"),
    log:
        results("logs/passed.log"),
    benchmark:
        results("benchmarks/passed.tsv")
    localrule: True  # it does nothing
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(100),
        runtime=minutes(10),
    shell:
        "touch {output:q} > {log:q} 2>&1"


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
        mem_mb=megabytes(QUANTIFY_MB),
        runtime=minutes(240),
    params:
        # Bootstraps are none of the index's, but see rule quantify; what is built is kept.
        options=quantifying("limits"),
        version=VERSION,
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
        passed=ancient(results("intake/passed")),
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
        mem_mb=megabytes(QUANTIFY_MB),
        runtime=minutes(QUANTIFY_MINUTES),
        # Bounds how many samples of a group run beside each other, where a profile groups them.
        one_at_a_time=1,
    params:
        rows=rows_of(*OF_ONE_SAMPLE),
        options=quantifying("limits"),
        limits=limits,
        version=VERSION,
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
        options=quantifying("bootstraps"),
        version=VERSION,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step judge > {log:q} 2>&1"
