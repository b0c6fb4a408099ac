"""The configuration of a run, one module a part; light, every cluster job imports it."""

from lotwise.config.acquire import AcquireSettings
from lotwise.config.evidence import EvidenceConfig, figures_of, tables_of
from lotwise.config.run import (
    Aligner,
    Config,
    CorrelationConfig,
    ExpressionConfig,
    FigureFormat,
    FiguresConfig,
    LimitsConfig,
    QuantifierName,
    ReadsConfig,
    Source,
    Style,
    TpmSum,
    as_options,
    parse_config,
    read_config,
    write_template,
)

__all__ = [
    "AcquireSettings",
    "Aligner",
    "Config",
    "CorrelationConfig",
    "EvidenceConfig",
    "ExpressionConfig",
    "FigureFormat",
    "FiguresConfig",
    "LimitsConfig",
    "QuantifierName",
    "ReadsConfig",
    "Source",
    "Style",
    "TpmSum",
    "as_options",
    "figures_of",
    "parse_config",
    "read_config",
    "tables_of",
    "write_template",
]
