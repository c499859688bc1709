"""The pure engine: bytes and arrays in, changes out; no clock, no I/O, no randomness."""
