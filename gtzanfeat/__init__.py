"""Music classification by hand-crafted features: recordings in, vectors, scores and tables out.

The front door: every public name, and no work. A name is imported from its room (PEP 562) when it is first
asked for, so ``import gtzanfeat`` loads nothing but itself.
"""

from gtzanfeat.version import __version__

TYPE_CHECKING = False  # true for type checkers, which know it by its name; typing itself is not imported
if TYPE_CHECKING:
    from gtzanfeat.audio import Clip, load_audio
    from gtzanfeat.augmentation import DEGRADATIONS, AugmentedTraining, degrade_clips, degrade_samples
    from gtzanfeat.classifiers import (
        ChiSquareSVC,
        FamilyKernelSVC,
        GaussianMixtureClassifier,
        HiddenMarkovClassifier,
        LateFusion,
        TagClassifier,
    )
    from gtzanfeat.codebooks import CodebookHistogram, GaussianSupervector
    from gtzanfeat.datasets import LAYOUTS, ClipTable, load_dataset
    from gtzanfeat.datasets import check as check_dataset
    from gtzanfeat.declarations import Framing
    from gtzanfeat.errors import (
        ClipError,
        DatasetError,
        ExportError,
        GtzanfeatError,
        MissingClipError,
        ModelError,
        ParameterError,
        ProtocolError,
        UnknownNameError,
    )
    from gtzanfeat.evaluation import (
        PROTOCOLS,
        Audit,
        Confounds,
        Evaluation,
        Experiment,
        audit,
        confounds,
        drop_lone_classes,
        evaluate,
        read_evaluation,
        write_evaluation,
    )
    from gtzanfeat.export import (
        TableVerification,
        frame_table,
        join_columns,
        read_metadata,
        read_table,
        verify_table,
        write_frames,
        write_table,
    )
    from gtzanfeat.export.dataset import DatasetSummary, extract_dataset, merge_datasets
    from gtzanfeat.extraction import Extraction, Frames, extract
    from gtzanfeat.extraction.cache import clear as clear_cache
    from gtzanfeat.extraction.cache import contents as cache_contents
    from gtzanfeat.extraction.cache import prune as prune_cache
    from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem, FeatureSet, feature_set
    from gtzanfeat.inspection import (
        Importance,
        Robustness,
        compare,
        contributions,
        held_out_contributions,
        importance,
        reproduce,
        robustness,
    )
    from gtzanfeat.model_selection import GroupedSearch
    from gtzanfeat.models import (
        CalibratedClassifier,
        ModelRecord,
        ModelVersionWarning,
        load_model,
        predict,
        read_model,
        save_model,
        stream,
        train,
        with_probabilities,
    )
    from gtzanfeat.progress import show_progress
    from gtzanfeat.recipes import RECIPES, recipe
    from gtzanfeat.report import (
        BeatHistogramDisplay,
        FrameDisplay,
        ImportanceDisplay,
        PitchHistogramDisplay,
        SegmentTimelineDisplay,
        confusion_matrix_figure,
        write_report,
    )
    from gtzanfeat.segments import SegmentClassifier, Segments, segment_table
    from gtzanfeat.transformers import (
        ClipFeatures,
        Deltas,
        FailedClipWarning,
        FamilyScaler,
        FrameFeatures,
        Summarize,
        TimeDCT,
    )

# Where each name lives: its room, and what it is called there if not the same. The block above says it to
# type checkers; a test holds the two together.
_HOMES = {
    "DEGRADATIONS": "augmentation",
    "FEATURE_SETS": "feature_sets",
    "LAYOUTS": "datasets",
    "PROTOCOLS": "evaluation",
    "RECIPES": "recipes",
    "Audit": "evaluation",
    "AugmentedTraining": "augmentation",
    "BeatHistogramDisplay": "report",
    "CalibratedClassifier": "models",
    "ChiSquareSVC": "classifiers",
    "Clip": "audio",
    "ClipError": "errors",
    "ClipFeatures": "transformers",
    "ClipTable": "datasets",
    "CodebookHistogram": "codebooks",
    "Confounds": "evaluation",
    "DatasetError": "errors",
    "DatasetSummary": "export.dataset.DatasetSummary",
    "Deltas": "transformers",
    "Evaluation": "evaluation",
    "Experiment": "evaluation",
    "ExportError": "errors",
    "Extraction": "extraction",
    "FailedClipWarning": "transformers",
    "FamilyKernelSVC": "classifiers",
    "FamilyScaler": "transformers",
    "FeatureSet": "feature_sets",
    "FrameDisplay": "report",
    "FrameFeatures": "transformers",
    "Frames": "extraction",
    "Framing": "declarations",
    "GaussianMixtureClassifier": "classifiers",
    "GaussianSupervector": "codebooks",
    "GroupedSearch": "model_selection",
    "GtzanfeatError": "errors",
    "HiddenMarkovClassifier": "classifiers",
    "Importance": "inspection",
    "ImportanceDisplay": "report",
    "LateFusion": "classifiers",
    "FeatureItem": "feature_sets",
    "MissingClipError": "errors",
    "ModelRecord": "models",
    "ModelVersionWarning": "models",
    "ModelError": "errors",
    "ParameterError": "errors",
    "PitchHistogramDisplay": "report",
    "ProtocolError": "errors",
    "Robustness": "inspection",
    "SegmentClassifier": "segments",
    "SegmentTimelineDisplay": "report",
    "Segments": "segments",
    "Summarize": "transformers",
    "TableVerification": "export",
    "TagClassifier": "classifiers",
    "TimeDCT": "transformers",
    "UnknownNameError": "errors",
    "audit": "evaluation",
    "cache_contents": "extraction.cache.contents",
    "check_dataset": "datasets.check",
    "clear_cache": "extraction.cache.clear",
    "compare": "inspection",
    "confounds": "evaluation",
    "confusion_matrix_figure": "report",
    "contributions": "inspection",
    "degrade_samples": "augmentation",
    "degrade_clips": "augmentation",
    "drop_lone_classes": "evaluation",
    "evaluate": "evaluation",
    "extract": "extraction",
    "extract_dataset": "export.dataset.extract_dataset",
    "feature_set": "feature_sets",
    "frame_table": "export",
    "held_out_contributions": "inspection",
    "importance": "inspection",
    "join_columns": "export",
    "load_audio": "audio",
    "load_dataset": "datasets",
    "merge_datasets": "export.dataset.merge_datasets",
    "load_model": "models",
    "predict": "models",
    "prune_cache": "extraction.cache.prune",
    "read_evaluation": "evaluation",
    "read_metadata": "export",
    "read_model": "models",
    "read_table": "export",
    "recipe": "recipes",
    "reproduce": "inspection",
    "robustness": "inspection",
    "save_model": "models",
    "segment_table": "segments",
    "show_progress": "progress",
    "verify_table": "export",
    "stream": "models",
    "train": "models",
    "with_probabilities": "models",
    "write_evaluation": "evaluation",
    "write_frames": "export",
    "write_report": "report",
    "write_table": "export",
}

__all__ = [
    "DEGRADATIONS",
    "FEATURE_SETS",
    "LAYOUTS",
    "PROTOCOLS",
    "RECIPES",
    "Audit",
    "AugmentedTraining",
    "BeatHistogramDisplay",
    "CalibratedClassifier",
    "ChiSquareSVC",
    "Clip",
    "ClipError",
    "ClipFeatures",
    "ClipTable",
    "CodebookHistogram",
    "Confounds",
    "DatasetError",
    "DatasetSummary",
    "Deltas",
    "Evaluation",
    "Experiment",
    "ExportError",
    "Extraction",
    "FailedClipWarning",
    "FamilyKernelSVC",
    "FamilyScaler",
    "FeatureItem",
    "FeatureSet",
    "FrameDisplay",
    "FrameFeatures",
    "Frames",
    "Framing",
    "GaussianMixtureClassifier",
    "GaussianSupervector",
    "GroupedSearch",
    "GtzanfeatError",
    "HiddenMarkovClassifier",
    "Importance",
    "ImportanceDisplay",
    "LateFusion",
    "MissingClipError",
    "ModelError",
    "ModelRecord",
    "ModelVersionWarning",
    "ParameterError",
    "PitchHistogramDisplay",
    "ProtocolError",
    "Robustness",
    "SegmentClassifier",
    "SegmentTimelineDisplay",
    "Segments",
    "Summarize",
    "TableVerification",
    "TagClassifier",
    "TimeDCT",
    "UnknownNameError",
    "__version__",
    "audit",
    "cache_contents",
    "check_dataset",
    "clear_cache",
    "compare",
    "confounds",
    "confusion_matrix_figure",
    "contributions",
    "degrade_clips",
    "degrade_samples",
    "drop_lone_classes",
    "evaluate",
    "extract",
    "extract_dataset",
    "feature_set",
    "frame_table",
    "held_out_contributions",
    "importance",
    "join_columns",
    "load_audio",
    "load_dataset",
    "load_model",
    "merge_datasets",
    "predict",
    "prune_cache",
    "read_evaluation",
    "read_metadata",
    "read_model",
    "read_table",
    "recipe",
    "reproduce",
    "robustness",
    "save_model",
    "segment_table",
    "show_progress",
    "stream",
    "train",
    "verify_table",
    "with_probabilities",
    "write_evaluation",
    "write_frames",
    "write_report",
    "write_table",
]


if not TYPE_CHECKING:  # a type checker shall see the names above and no others

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        module, _, called = _HOMES[name].rpartition(".")
        if not module:
            module, called = called, name
        value = getattr(import_module(f"{__name__}.{module}"), called)
        globals()[name] = value  # from now on an ordinary attribute
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
