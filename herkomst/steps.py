"""Named steps at which a proof may kill this process.

What must survive a crash at any moment is proven at the worst ones: between two writes of one
transaction, and just before and behind its commit. The switch is in the build: Python that runs
optimised (`PYTHONOPTIMIZE=1`) leaves these calls out, and any other dies only where
`CRASH_AT` names one of `STEPS`, with `:N` for its Nth time.
"""

import os
import signal
from collections import Counter

STEPS = (
    "append.locked",
    "append.copied",
    "append.keyed",
    "append.committed",
    "batch.read",
    "batch.applied",
    "batch.moved",
    "batch.committed",
    "swap.built",
    "swap.indexed",
    "swap.swapped",
    "swap.committed",
    "swap.retired",
    "index.built",
    "index.swapped",
    "erasure.destroyed",
    "erasure.ordered",
    "erasure.acknowledged",
    "import.read",
    "import.taken",
    "import.told",
)
"""In the order in which a command, a batch, a rebuild and an erasure pass them."""
_seen: Counter[str] = Counter()
_step, _, _time = os.environ.get("CRASH_AT", "").partition(":")


def reached(step: str) -> bool:
    """Die here, without notice and without cleaning up, where this step is the one to die at.

    True otherwise: it stands in an `assert`, which an optimised build leaves out.
    """
    assert step in STEPS
    if step == _step:
        _seen[step] += 1
        if _seen[step] == int(_time or 1):
            os.kill(os.getpid(), signal.SIGKILL)
    return True
