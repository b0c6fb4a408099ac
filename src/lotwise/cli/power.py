"""`lotwise power`."""

from __future__ import annotations

from pathlib import Path

import click

from lotwise.cli.options import PATH


@click.command("power")
@click.argument("attributes", type=PATH)
@click.option(
    "--lots",
    "plans",
    type=(click.IntRange(2), click.IntRange(2)),
    multiple=True,
    metavar="PRE POST",
    help="Numbers of lots before and after the change; may be repeated.  [default: the numbers in "
    "ATTRIBUTES]",
)
def command(*, attributes: Path, plans: tuple[tuple[int, int], ...]) -> None:
    """Compute the power of planned lots to show that a process change made no difference.

    Needs no data: ATTRIBUTES is the file of `evidence: attributes`, with the margin of each
    attribute and its expected standard deviation between lots (sd). Prints how often equivalence
    would be shown if the lot means were equal, and if they differed by half of the margin.
    """
    from lotwise.config.attributes import read_attributes
    from lotwise.metrics.process_change import planned_power

    declared = read_attributes(attributes)
    width = max(len("attribute"), *(len(one.name) for one in declared.attributes))
    click.echo(
        f"{'attribute':{width}}  lots before  after  margin      sd  if equal  if half apart"
    )
    for pre, post in plans or ((declared.lots.pre, declared.lots.post),):
        for one in declared.attributes:
            row = f"{one.name:{width}}  {pre:11d}  {post:5d}  {one.margin:6g}"
            if one.sd is None:
                click.echo(f"{row}  not known: the file declares no sd for this attribute")
                continue
            equal, apart = (
                planned_power((pre, post), margin=one.margin, sd=one.sd, difference=difference)
                for difference in (0.0, one.margin / 2)
            )
            click.echo(f"{row}  {one.sd:6g}  {equal:8.1%}  {apart:13.1%}")
