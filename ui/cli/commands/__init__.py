"""What each command of the command line takes and shows. The work is done elsewhere."""
