# Donors told apart by genotype: reads are read once more, a random part of them.


rule count_bases:
    """Count the bases of a random part of one sample's reads on the transcripts."""
    input:
        transcripts=reference()["transcripts"],
        samples=ancient(SHEET),
        # Reads that the gate refuses are not read again.
        intake=ancient(results("intake.tsv")),
        reads=reads,
    output:
        str(TREE.pileup("{sample}")),
    log:
        results("logs/count_bases.{sample}.log"),
    benchmark:
        results("benchmarks/count_bases.{sample}.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(3000),
        runtime=minutes(60),
        one_at_a_time=1,
    params:
        rows=rows_of("runs"),
        out=str(RUN.results),
        options=genotyping("min_depth"),
        version=tree.GENOTYPED_VERSION,
    shell:
        "lotwise genotype {input.samples:q} --transcripts {input.transcripts:q} "
        "--out {params.out:q} --step count --sample {wildcards.sample:q} {params.options} "
        "> {log:q} 2>&1"


rule join_bases:
    """Join the base counts of all samples."""
    input:
        samples=SHEET,
        counted=counted_samples,
    output:
        str(TREE.alleles),
    log:
        results("logs/join_bases.log"),
    benchmark:
        results("benchmarks/join_bases.tsv")
    conda:
        "../envs/lotwise.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 40),
        runtime=minutes(60),
    params:
        out=str(RUN.results),
        exclude=excluded,
        options=genotyping("fragments", "seed"),
        version=tree.GENOTYPED_VERSION,
    shell:
        "lotwise genotype {input.samples:q} --out {params.out:q} --step join {params.exclude} "
        "{params.options} > {log:q} 2>&1"
