"""The packs that come with the program."""

from crm.packs.library import decoration, education, engineering, manufacturing, software, trade  # noqa: F401
