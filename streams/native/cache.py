"""numba's cache of compiled functions, kept where `streams.native.code` says.

numba's own ways to find a place go by the path and the time of a function's file, and look at no other file; so a
second checkout, or an installed package, would compile again, and a change of what a function calls be overlooked.
"""

import functools
from pathlib import Path
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

from streams.log import log


def cache_in(folder: Path, function: Any) -> FunctionCache:
    """The cache of a function whose code is kept in `folder`."""

    class Place(_CacheLocator):
        """What numba asks to know where to look. All that makes code stale is in the folder's name."""

        def get_cache_path(self) -> str:
            return str(folder)

        def get_source_stamp(self) -> str:
            return folder.name

        def get_disambiguator(self) -> str:
            return "kernel"

        @classmethod
        def from_function(cls, _function: Any, _file: str) -> "Place":
            return cls()

    class Kept(CompileResultCacheImpl):
        _locator_classes: Any = (Place,)

    class Cache(FunctionCache):
        _impl_class = Kept

        def save_overload(self, signature: Any, compiled: Any) -> None:
            try:
                super().save_overload(signature, compiled)
            except OSError as error:
                _tell(folder, error.strerror)

    return Cache(function)


@functools.cache  # once, and not for each function
def _tell(folder: Path, why: str) -> None:
    log.warning("engine - is compiled at each start, as it cannot be kept in %s: %s", folder, why)
