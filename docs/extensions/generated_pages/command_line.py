"""The command line, from the help of its commands."""

from collections.abc import Iterator
from pathlib import Path

import click

from generated_pages.rst import heading, plain
from gtzanfeat.cli import main


def commands(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield the context of a command and of all below it."""
    context = click.Context(command, info_name=command.name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), context)


def section(context: click.Context) -> str:
    """Return what one command does, how it is called, and its options."""
    command = context.command
    usage = (
        f".. code-block:: text\n\n   {context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    )
    records = [
        record for p in command.get_params(context) if (record := p.get_help_record(context)) and record[1]
    ]
    options = [f"``{names}``\n    {words(text)}" for names, text in records]
    paragraphs = (command.help or "").replace("\b", "").split("\n\n")
    return "\n\n".join([heading(context.command_path, "-"), usage, *map(words, paragraphs), *options])


def words(text: str) -> str:
    """Return a text of the help, what stands in backquotes as code."""
    parts = " ".join(text.split()).split("`")
    return "".join(f"``{part}``" if i % 2 else plain(part) for i, part in enumerate(parts))


def write(folder: Path) -> None:
    """Write the page."""
    top = (
        "Results go to standard output, progress and warnings to standard error. The exit code is 0, or 1 if "
        "clips failed (they are listed with their reasons), or 2 for an error, which is one line."
    )
    parts = [".. _command-line:", heading("Command line"), top, *map(section, commands(main))]
    (folder / "command_line.rst").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
