"""The smallest file that looks like a whole checkpoint from outside: an empty zip archive."""

WHOLE_CHECKPOINT = b"PK\x05\x06" + bytes(18)
