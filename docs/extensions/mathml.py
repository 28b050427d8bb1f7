"""Formulae as MathML: no script and no network, in every browser of today."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def mathml(node: nodes.Element, display: str) -> str:
    """Return a formula as MathML, bars and norms as high as letters."""
    markup = convert(node.astext(), display=display)
    if "\\" in markup:
        LOGGER.warning("the formula holds a command that is not understood: %s", node.astext(), location=node)
    return re.sub(r"<mo>(&#x02016;|&#x0007C;)</mo>", r'<mo stretchy="false">\1</mo>', markup)


def inline(writer, node: nodes.math) -> None:
    """Write a formula within a sentence."""
    writer.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def block(writer, node: nodes.math_block) -> None:
    """Write a formula that stands by itself, wide ones to be scrolled."""
    writer.body.append(f'<div class="formula">{mathml(node, "block")}</div>')
    raise nodes.SkipNode


def setup(app) -> dict[str, bool]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
