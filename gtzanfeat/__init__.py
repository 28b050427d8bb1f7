"""Music classification by hand-crafted features: recordings in, vectors, scores and tables out.

The front door: every public name, and no work. A name is imported from its room (PEP 562) when it is first
asked for, so ``import gtzanfeat`` loads nothing but itself.
"""

from gtzanfeat.version import __version__

TYPE_CHECKING = False  # true for type checkers, which know it by its name; typing itself is not imported
if TYPE_CHECKING:
    from gtzanfeat.audio import Clip, load
    from gtzanfeat.cache import clear as clear_cache
    from gtzanfeat.cache import contents as cache_contents
    from gtzanfeat.cache import prune as prune_cache
    from gtzanfeat.classifiers import GaussianMixtureClassifier
    from gtzanfeat.codebooks import CodebookHistogram, GaussianSupervector
    from gtzanfeat.datasets import LAYOUTS, ClipTable, load_dataset
    from gtzanfeat.datasets import check as check_dataset
    from gtzanfeat.errors import (
        ClipError,
        DatasetError,
        ExportError,
        GtzanfeatError,
        MissingClipError,
        ProtocolError,
        UnknownNameError,
    )
    from gtzanfeat.evaluation import PROTOCOLS, Evaluation, evaluate
    from gtzanfeat.export import read_metadata, read_table, write_table
    from gtzanfeat.extraction import Extraction, extract
    from gtzanfeat.feature_sets import FEATURE_SETS, FeatureSet, Framing, Item, feature_set
    from gtzanfeat.frames import Frames
    from gtzanfeat.recipes import RECIPES, recipe
    from gtzanfeat.report import confusion_matrix_figure
    from gtzanfeat.transformers import (
        ClipFeatures,
        Deltas,
        FailedClipWarning,
        FrameFeatures,
        Summarize,
        TimeDCT,
    )

# Where each name lives: its room, and what it is called there if not the same. The block above says it to
# type checkers; a test holds the two together.
_HOMES = {
    "FEATURE_SETS": "feature_sets",
    "LAYOUTS": "datasets",
    "PROTOCOLS": "evaluation",
    "RECIPES": "recipes",
    "Clip": "audio",
    "ClipError": "errors",
    "ClipFeatures": "transformers",
    "ClipTable": "datasets",
    "CodebookHistogram": "codebooks",
    "DatasetError": "errors",
    "Deltas": "transformers",
    "Evaluation": "evaluation",
    "ExportError": "errors",
    "Extraction": "extraction",
    "FailedClipWarning": "transformers",
    "FeatureSet": "feature_sets",
    "FrameFeatures": "transformers",
    "Frames": "frames",
    "Framing": "feature_sets",
    "GaussianMixtureClassifier": "classifiers",
    "GaussianSupervector": "codebooks",
    "GtzanfeatError": "errors",
    "Item": "feature_sets",
    "MissingClipError": "errors",
    "ProtocolError": "errors",
    "Summarize": "transformers",
    "TimeDCT": "transformers",
    "UnknownNameError": "errors",
    "cache_contents": "cache.contents",
    "check_dataset": "datasets.check",
    "clear_cache": "cache.clear",
    "confusion_matrix_figure": "report",
    "evaluate": "evaluation",
    "extract": "extraction",
    "feature_set": "feature_sets",
    "load": "audio",
    "load_dataset": "datasets",
    "prune_cache": "cache.prune",
    "read_metadata": "export",
    "read_table": "export",
    "recipe": "recipes",
    "write_table": "export",
}

__all__ = [
    "FEATURE_SETS",
    "LAYOUTS",
    "PROTOCOLS",
    "RECIPES",
    "Clip",
    "ClipError",
    "ClipFeatures",
    "ClipTable",
    "CodebookHistogram",
    "DatasetError",
    "Deltas",
    "Evaluation",
    "ExportError",
    "Extraction",
    "FailedClipWarning",
    "FeatureSet",
    "FrameFeatures",
    "Frames",
    "Framing",
    "GaussianMixtureClassifier",
    "GaussianSupervector",
    "GtzanfeatError",
    "Item",
    "MissingClipError",
    "ProtocolError",
    "Summarize",
    "TimeDCT",
    "UnknownNameError",
    "__version__",
    "cache_contents",
    "check_dataset",
    "clear_cache",
    "confusion_matrix_figure",
    "evaluate",
    "extract",
    "feature_set",
    "load",
    "load_dataset",
    "prune_cache",
    "read_metadata",
    "read_table",
    "recipe",
    "write_table",
]


if not TYPE_CHECKING:  # a type checker shall see the names above and no others

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        room, _, called = _HOMES[name].partition(".")
        value = getattr(import_module(f"{__name__}.{room}"), called or name)
        globals()[name] = value  # from now on an ordinary attribute
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
