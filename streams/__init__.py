"""Watches users enter and leave segments as their events arrive."""

__version__ = "0.1.0"
