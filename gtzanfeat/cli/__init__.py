"""The command line: ``gtzanfeat demo``, ``extract``, ``evaluate``, ``audit``, ``features``, ``cache`` ...

A command turns words into calls of the package and results into lines; whatever it does can be done from
Python too, and nothing is computed here. Results go to standard output, all else to standard error. The exit
code is 0, or 1 if clips failed, 2 for an error, which is one line, 130 after Ctrl-C.

A command is one file of this folder and one row at the foot of this one. The package is imported inside the
commands, so that ``--help`` and ``--version`` need not wait for scikit-learn.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

import click

from gtzanfeat.cli import (
    audit_command,
    cache_command,
    compare_command,
    datasets_command,
    demo_command,
    evaluate_command,
    extract_command,
    features_command,
    inspect_command,
    predict_command,
    reproduce_command,
    screen,
    train_command,
)
from gtzanfeat.errors import GtzanfeatError
from gtzanfeat.version import __version__

ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT and 128 + SIGPIPE, as shells have it
PIPE_CLOSED = 141


class Program(click.Group):
    """A group of commands for which every way to fail is one line and an exit code."""

    def __call__(self, *args: Any, **extra: Any) -> Any:
        """Run as a process of its own."""
        try:
            return self.main(*args, **extra)
        except SystemExit as end:
            if end.code == INTERRUPTED:
                # not by way of Python's farewell, which aborts if a worker is still in compiled code
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(INTERRUPTED)
            raise

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command that the arguments name, and exit."""
        extra |= {"prog_name": self.name, "standalone_mode": False}
        screen.accept_all_characters()
        try:
            with warnings.catch_warnings():
                warnings.showwarning = screen.show_warning
                code = super().main(*args, **extra)
        except SystemExit:  # click's answer to a closed pipe: `| head` has seen enough
            code = PIPE_CLOSED
        except click.Abort:
            screen.say("interrupted")
            code = INTERRUPTED
        except click.UsageError as error:
            asked = error.ctx.command_path if error.ctx is not None else self.name
            screen.error(f"{error.format_message()} See '{asked} --help'.")
            code = ERROR
        except click.ClickException as error:
            screen.error(error.format_message())
            code = ERROR
        except GtzanfeatError as error:
            screen.error(str(error))
            code = ERROR
        except OSError as error:  # the disk is full, a folder is closed to us ...
            what = f"{error.filename}: " if error.filename else ""
            screen.error(f"{what}{error.strerror or error}")
            code = ERROR
        sys.exit(code)


@click.group(
    cls=Program,
    name="gtzanfeat",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Music classification by hand-crafted features.

    From recordings to features, scores and tables that explain themselves. Begin with `gtzanfeat demo`.
    """
    if ctx.invoked_subcommand is None:
        screen.show(ctx.get_help())


for command in (
    demo_command,
    extract_command,
    evaluate_command,
    train_command,
    predict_command,
    inspect_command,
    compare_command,
    reproduce_command,
    audit_command,
    features_command,
    datasets_command,
    cache_command,
):
    main.add_command(command.command)
