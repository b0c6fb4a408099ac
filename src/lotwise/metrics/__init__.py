"""Statistics on plain arrays: arrays in, numbers out. No AnnData, pandas or figures here.

One module per statistic, loaded when it is first used:
``lotwise.metrics.correlation.pearson_matrix(log_tpm)``.
"""

import importlib
import pkgutil

__all__ = [module.name for module in pkgutil.iter_modules(__path__)]


def __getattr__(name: str) -> object:
    if name in __all__:
        return importlib.import_module(f"lotwise.metrics.{name}")
    msg = f"module 'lotwise.metrics' has no attribute {name!r}"
    raise AttributeError(msg)
