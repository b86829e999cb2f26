"""Pure: from statements to the bytes of a file."""
