"""Results of ``gtzanfeat evaluate``: written to where the options say, and printed as text or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import outputs, screen

if TYPE_CHECKING:
    from gtzanfeat.cli.evaluate_options import EvaluateOptions
    from gtzanfeat.evaluation import Evaluation, Experiment
    from gtzanfeat.inspection import Importance, Robustness


def check_places(chosen: EvaluateOptions) -> list[Path]:
    """Refuse files that cannot be written, or may not be replaced; return those that will be."""
    from gtzanfeat.evaluation.storage import RESULT, check_folder

    places = []
    if chosen.save is not None:
        check_folder(chosen.save, chosen.overwrite)
        places.append(chosen.save / RESULT)
    if chosen.report is not None:
        from gtzanfeat.report.page import check_report

        check_report(chosen.report, chosen.overwrite)
        places.append(chosen.report / RESULT)
    return places


def write(
    chosen: EvaluateOptions,
    experiment: Experiment,
    result: Evaluation,
    robustness_results: Sequence[Robustness],
    importance_result: Importance | None,
) -> bool:
    """Write what ``--save`` and ``--report`` ask for; return whether it is all in its place."""
    from gtzanfeat.evaluation import write_evaluation

    written = []
    if chosen.save is not None and chosen.save != chosen.report:
        save = outputs.write_somewhere(
            chosen.save, lambda folder: write_evaluation(result, folder, overwrite=chosen.overwrite)
        )
        written.append(save == chosen.save)
    if chosen.report is not None:
        from gtzanfeat.report import write_report
        from gtzanfeat.report.mistakes import explain_mistakes
        from gtzanfeat.report.page import NAME

        command = click.get_current_context().meta["command line"]
        contributions = explain_mistakes(experiment, result)
        folder = outputs.write_somewhere(
            chosen.report,
            lambda folder: write_report(
                result,
                folder,
                clips=experiment.clips,
                command=command,
                importance=importance_result,
                contributions=contributions,
                robustness=robustness_results or None,
                links=chosen.links,
                overwrite=chosen.overwrite,
            ),
        )
        screen.note([f"the report is {folder / NAME}"], chosen.quiet)
        written.append(folder == chosen.report)
    return all(written)


def show(
    chosen: EvaluateOptions,
    result: Evaluation,
    robustness_results: Sequence[Robustness],
    importance_result: Importance | None,
) -> None:
    """Print what was found, as text or as JSON."""
    if chosen.as_json:
        further: dict[str, Any] = {
            "robustness": [sweep.to_dict() for sweep in robustness_results],
            "importance": None if importance_result is None else importance_result.to_dict(),
        }
        screen.print_json(result.to_dict() | further)
    else:
        screen.show(str(result))
        for more in (*robustness_results, *([] if importance_result is None else [importance_result])):
            screen.show(f"\n{more}")
    if not screen.is_terminal(sys.stdout):  # the report goes elsewhere, and its warnings with it
        for warning in result.warnings:
            screen.warn(warning)
