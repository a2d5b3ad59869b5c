"""Work on a library that is cut off by kill -9: at the calls that change a file (`calls`), or while
an index is built (`builds`). Judges nothing."""
