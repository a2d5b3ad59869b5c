"""Work on a library that is cut off by kill -9: at each point in turn (`at_every_call`,
`at_points`), or while a build runs (`builds`). Judges nothing."""
