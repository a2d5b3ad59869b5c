"""Questions beside templates: how near each is to each, by the encoder. Decides nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.encoding.encoder import Encoder

_KEPT = 16  # lists of templates, for an encoder each

_known: OrderedDict[tuple[str, tuple[str, ...]], NDArray[np.float32]] = OrderedDict()


def near_templates(
    vectors: NDArray[np.float32], templates: Sequence[str], encoder: Encoder
) -> NDArray[np.float32]:
    """Cosines of questions (unit vectors, one a row) to templates (one a column).

    The templates' vectors are kept: they are encoded once in a process.
    """
    key = encoder.sha256, tuple(templates)
    found = _known.get(key)
    if found is None:
        found = _known[key] = encoder.encode(list(templates))
        if len(_known) > _KEPT:
            _known.popitem(last=False)
    cosines: NDArray[np.float32] = vectors @ found.T
    return cosines
