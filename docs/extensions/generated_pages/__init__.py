"""Pages that are written at build time from what the package says of itself.

`reference` writes the API from ``__all__``, `catalogue` the features and sets from their registries with
pictures by `pictures`, `registries` the other tables, `command_line` the help of the commands, `papers` the
changelog and its kind.
"""

import shutil
from pathlib import Path

from generated_pages import catalogue, command_line, papers, reference, registries


def write_pages(app) -> None:
    """Write all of them below ``docs/``, where git ignores them."""
    docs = Path(app.srcdir)
    for writer, folder in ((reference, "api"), (catalogue, "catalogue")):
        shutil.rmtree(docs / folder, ignore_errors=True)
        (docs / folder).mkdir()
        writer.write(docs / folder)
    registries.write(docs / "catalogue")
    command_line.write(docs / "api")
    papers.write(docs)
    shutil.rmtree(docs / "notebooks", ignore_errors=True)
    shutil.copytree(docs.parent / "notebooks", docs / "notebooks", ignore=shutil.ignore_patterns(".*"))


def setup(app) -> dict[str, bool]:
    """Write the pages before Sphinx looks for sources."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-skip-member", reference.skip_member)
    app.connect("autodoc-process-docstring", reference.escape_shapes, priority=400)  # before numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
