"""The configuration of a run, one module per section; light, every cluster job imports it."""

from lotwise.config.acquire import AcquireSettings
from lotwise.config.evidence import EvidenceConfig, figures_of, inputs_of, tables_of
from lotwise.config.genotype import GenotypeConfig
from lotwise.config.reads import Aligner, Limits, QuantifierName, ReadsConfig
from lotwise.config.run import (
    NONE,
    Config,
    CorrelationConfig,
    ExpressionConfig,
    FigureFormat,
    FiguresConfig,
    Source,
    Style,
    TpmSum,
    as_options,
    may_be_empty,
    option_of,
    parse_config,
    read_config,
    write_template,
)

__all__ = [
    "NONE",
    "AcquireSettings",
    "Aligner",
    "Config",
    "CorrelationConfig",
    "EvidenceConfig",
    "ExpressionConfig",
    "FigureFormat",
    "FiguresConfig",
    "GenotypeConfig",
    "Limits",
    "QuantifierName",
    "ReadsConfig",
    "Source",
    "Style",
    "TpmSum",
    "as_options",
    "figures_of",
    "inputs_of",
    "may_be_empty",
    "option_of",
    "parse_config",
    "read_config",
    "tables_of",
    "write_template",
]
