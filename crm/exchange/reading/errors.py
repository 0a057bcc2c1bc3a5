"""What goes wrong with an uploaded file, in people's words."""


class ReadError(Exception):
    """The file cannot be read; the message says what to do about it."""
