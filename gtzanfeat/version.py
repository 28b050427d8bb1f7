"""The one place where the version is written; imports nothing."""

__version__ = "0.1.0"
