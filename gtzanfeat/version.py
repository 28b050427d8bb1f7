"""Versions: the one place where that of the package is written, and those of what its numbers come from.

Imports nothing at the top, because ``import gtzanfeat`` reads it.
"""

__version__ = "0.1.0"


def versions(*libraries: str) -> dict[str, str]:
    """Return the versions of this package, of Python and of `libraries`, by name.

    Examples
    --------
    >>> list(versions("numpy"))
    ['gtzanfeat', 'python', 'numpy']
    """
    import platform

    own = {"gtzanfeat": __version__, "python": platform.python_version()}
    return own | {library: _version(library) for library in libraries}


def _version(library: str) -> str:
    from importlib import import_module, metadata

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:  # a program packed by PyInstaller has the code alone
        module = import_module({"scikit-learn": "sklearn"}.get(library, library))
        return str(getattr(module, "__version__", "unknown"))
