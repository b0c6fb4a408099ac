"""Base class of all configuration sections: unknown keys, booleans and paths; shared types."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Frozen section without unknown keys; yes and no are not numbers, ~ is the home folder.

    Examples
    --------
    >>> class Example(Section):
    ...     seed: int = 0
    >>> Example(seed=True)
    Traceback (most recent call last):
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Example
    seed
      yes and no are not allowed here; give a number or a text [type=no_number, ...]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    headings: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Keys under each heading of the help. For all other keys, the docstring is the heading."""

    @field_validator("*", mode="before")
    @classmethod
    def _strictly(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[info.field_name or ""].annotation
        items = value if isinstance(value, list | tuple) else [value]
        if any(item is True or item is False for item in items) and not _mentions(annotation, bool):
            # Python treats True as 1: `bootstraps: yes` would make one bootstrap.
            raise PydanticCustomError(
                "no_number", "yes and no are not allowed here; give a number or a text"
            )
        if isinstance(value, str) and value.startswith("~") and _mentions(annotation, Path):
            return _at_home(value)
        return value


def _at_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise PydanticCustomError("home", "the home folder does not exist") from None


def _mentions(annotation: Any, kind: type) -> bool:
    return annotation is kind or any(_mentions(part, kind) for part in get_args(annotation))
