"""The help lists options by need, under headings."""

from __future__ import annotations

import re

import click
import pytest

from lotwise.cli import COMMANDS, lotwise
from lotwise.cli.grouped import OTHERS, Grouped, HeadedOption
from lotwise.config import Config, EvidenceConfig


def command_named(name):
    context = click.Context(lotwise, info_name="lotwise")
    return lotwise.get_command(context, name), context


def test_grouped__options_without_a_heading_come_first_and_headings_in_their_order():
    command = Grouped(
        "draw",
        params=[
            HeadedOption(["--size"], heading="Figures", help="Size."),
            click.Option(["--out"], help="Folder."),
            HeadedOption(["--dpi"], heading="Figures", help="Dots."),
            click.Argument(["samples"]),
        ],
    )
    context = click.Context(command)
    assert {
        heading: [names.split()[0] for names, _ in options]
        for heading, options in command.options_by_heading(context).items()
    } == {OTHERS: ["--out", "--help"], "Figures": ["--size", "--dpi"]}
    assert re.search(
        r"Options:\n.*--out.*\n.*--help.*\n\nFigures:\n.*--size", command.get_help(context)
    )


def test_compare__what_a_first_call_needs_is_at_the_top():
    command, context = command_named("compare")
    first = [names for names, _ in command.options_by_heading(context)[OTHERS]]
    assert [re.findall(r"--[\w-]+", names)[0] for names in first[:4]] == [
        "--out",
        "--tx2gene",
        "--criteria",
        "--level",
    ]
    assert len(first) <= 10


@pytest.mark.parametrize("name", COMMANDS)
def test_help__is_in_words_for_the_command_line(name):
    command, context = command_named(name)
    told = command.get_help(context)
    assert "null" not in told
    assert "[]" not in told


def test_headings__name_each_key_once():
    placed = [name for names in EvidenceConfig.headings.values() for name in names]
    assert sorted(placed) == sorted(EvidenceConfig.model_fields)
    assert Config.headings == {}
