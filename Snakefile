# `snakemake --cores all` runs the configuration in config.yaml. The workflow is used as a module,
# in the same way as another Snakefile can use it.
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
