"""What people touch: the command line and the chat page. Nothing imports it."""
