"""Values that a record might get, and where they come from."""
