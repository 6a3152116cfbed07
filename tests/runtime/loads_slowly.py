"""A module that takes a minute to import, in finalizers all the time: an exception there goes nowhere."""

import sys
import time


class Finalized:
    """What naps when it is thrown away."""

    def __del__(self):
        time.sleep(0.01)


print("loading", file=sys.stderr, flush=True)
for _ in range(6000):
    Finalized()
