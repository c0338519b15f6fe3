"""How the garbage collector is set where records pass through in millions.

What is loaded at start lives as long as the process, and records die by reference count: looking
for cycles among them, with the default of every 700 objects, costs a fifth of the time.
"""

import gc


def settle() -> None:
    """Leave what is loaded alone, and look for cycles a hundred times more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 20, 20)
