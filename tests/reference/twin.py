"""What a file of slow twins declares, for the contract test to find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Twin:
    """How the contract test asks for a feature, and what should come out.

    ``compute`` takes the frames, (n_frames, length), of a frame feature and gives its track, or takes the
    samples of a clip feature and gives its values; None for a clip feature that the contract test lists as
    tested elsewhere. ``framing`` holds the arguments of a Framing; where it is None, the feature is asked
    for as in the first set that has it.
    """

    compute: Callable[[Any], Any] | None = None
    framing: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
