"""A command that notes in the results that it was done: for the provenance."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

ARGUMENTS: Final = "lotwise.arguments"
# Parameters by which the calls of one command differ within a run.
_TELLING: Final = ("level", "step", "chosen")


class Step(click.Command):
    """A step of a run; leaves its command line and times in ``logs/steps`` below ``--out``."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; note it only when it has ended well."""
        from lotwise.provenance.steps import lotwise_call, now, write_step

        started = now()
        given = dict(ctx.params)
        returned = super().invoke(ctx)
        root: Path = given["out"]
        telling = [given[name] for name in _TELLING if given.get(name)]
        words = [word for one in telling for word in ([one] if isinstance(one, str) else one)]
        write_step(
            root,
            ".".join([self.name or "step", *words]),
            lotwise_call(command_line(ctx), started=started, ended=now()),
        )
        return returned


def command_line(ctx: click.Context) -> tuple[str, ...]:
    """Give the command line that ``ctx`` came from, as it was typed."""
    return ("lotwise", *ctx.meta.get(ARGUMENTS, ()))
