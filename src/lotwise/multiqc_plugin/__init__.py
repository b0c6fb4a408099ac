"""lotwise's results in a MultiQC report.

MultiQC finds this package by the entry points ``multiqc.modules.v1`` and ``multiqc.hooks.v1`` and
loads it; lotwise never does. It reads result files with the standard library only, so it also
works where lotwise's own libraries are not installed. MultiQC is GPL-3. Only ``module`` imports
it, which an import contract ensures.
"""
