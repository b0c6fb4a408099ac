"""lotwise's results in a MultiQC report.

MultiQC finds this by the entry points ``multiqc.modules.v1`` and ``multiqc.hooks.v1`` and loads
it; lotwise never does. It reads result files only, with the standard library, so that it also
works where lotwise's own libraries are not installed. MultiQC is GPL-3: ``module`` is the one
place that imports it, which an import contract holds.
"""
