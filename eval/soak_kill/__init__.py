"""`python -m eval.soak_kill --kills 200`: whoever writes to a library is killed at random points.

After each kill the library must open, hold every article that was reported, each in one of the two
texts that it can have, find it by its words and by its vectors, and hold nothing that nobody wrote
and nothing twice; every byte is compared (`Library.inspect`). A reader searches all along, and a
second writer adds articles while the first is killed. A clock that jumps by years is put before
whoever refreshes. The large form of the nearest neighbours is used from a few passages on. What was
moved, to a folder or to a PostgreSQL server (where its programs are on this machine), is there
whole or not at all, and a move that is begun again ends. It doesn't use a model (a hash of words
stands in for the encoder) and measures no speed. POSIX only.
"""

from eval.soak_kill.nursery import WORK
from eval.soak_kill.soak import Found, soak

__all__ = ["WORK", "Found", "soak"]
