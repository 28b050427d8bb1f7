"""Formulae as MathML: no script, no font and no network, in every browser of today."""

from docutils import nodes
from latex2mathml.converter import convert


def inline(writer, node: nodes.math) -> None:
    """Write a formula within a sentence."""
    writer.body.append(convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def block(writer, node: nodes.math_block) -> None:
    """Write a formula that stands by itself, wide ones to be scrolled."""
    writer.body.append(f'<div class="formula">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app) -> dict[str, bool]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
