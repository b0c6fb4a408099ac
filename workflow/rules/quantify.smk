# Reads to judged quantifications: nothing is quantified before every file has been read to its
# end, and nothing is compared before what the quantifier used has been judged.

# Megabytes and minutes that quantifying one sample may need at its first attempt. STAR's manual
# asks for ten bytes a base of the genome: about 30 GB for human. salmon's decoys are the genome.
QUANTIFYING = {
    "kallisto": (8000, 60),
    "salmon": (24000 if RUN.reads.genome else 8000, 60),
    "rsem": (40000 if RUN.reads.aligner == "star" else 8000, 240),
}
QUANTIFY_MB, QUANTIFY_MINUTES = QUANTIFYING[RUN.reads.quantifier]


rule check:
    """Read the reads of one sample to their end; what was found is refused or passed by intake."""
    input:
        samples=SHEET,
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


rule index:
    """Build the index of the reference, once, before any sample waits for it."""
    input:
        **reference(),
        samples=SHEET,
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
        options=quantifying(),
        version=VERSION,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step index "
        "--threads {threads} > {log:q} 2>&1"


rule quantify:
    """Quantify one sample."""
    input:
        **reference(),
        intake=results("intake.tsv"),
        index=quantified("index.done"),
        samples=SHEET,
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
        options=quantifying(),
        version=VERSION,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step quantify "
        "--sample {wildcards.sample:q} --threads {threads} > {log:q} 2>&1"


rule judge:
    """Judge what the quantifier used of each sample, beside the others."""
    input:
        **reference(),
        samples=SHEET,
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
        options=quantifying(),
        version=VERSION,
    shell:
        "lotwise quantify {input.samples:q} {params.options} --step judge > {log:q} 2>&1"
