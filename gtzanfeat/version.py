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
    from importlib.metadata import version

    own = {"gtzanfeat": __version__, "python": platform.python_version()}
    return own | {library: version(library) for library in libraries}
