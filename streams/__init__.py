"""Watches users enter and leave segments as their events arrive."""

from importlib import import_module

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`streams.app` is made when it is asked for, which is what `faust -A streams worker` does."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("streams.runtime.app").default_app()
