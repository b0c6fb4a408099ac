# `snakemake --cores all` runs what config.yaml says. The workflow itself is a module, so that
# another Snakefile can use it in the same way.
if (
    not workflow.overwrite_configfiles
):  # else `--configfile mine.yaml` would inherit GSE150969's

    configfile: "config.yaml"


module lotwise:
    snakefile:
        "workflow/Snakefile"
    config:
        config


use rule * from lotwise
