"""Asking for a row before it is needed.

Comes in: a table of words and a row. Goes out: nothing; the processor is asked to fetch the row's words from memory,
which takes longer than applying an event, while it goes on with the events before. Not compiled, it does nothing.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from streams.core.kernel.jit import COMPILES, inlined

CACHE_LINE_WORDS = 8  # of a cache line
TO_WRITE, KEEP, DATA = 1, 3, 1  # what LLVM is told of the use to come


def _fetch(_typing: Any, words: Any, row: Any, word: Any) -> Any:
    """LLVM's instruction for one word: its types, and how to write it."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        table = context.make_array(signature.args[0])(context, builder, values[0])
        address = cgutils.get_item_pointer(context, builder, signature.args[0], table, values[1:])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(fetch, [builder.bitcast(address, ir.PointerType()), number(TO_WRITE), number(KEEP), number(DATA)])
        return context.get_dummy_value()

    return types.void(words, row, word), write


def _do_nothing(words: Any, row: Any, word: Any) -> None:
    pass


_prefetch: Any = intrinsic(_fetch) if COMPILES else _do_nothing


@inlined
def ask_for(words, row, first, end):
    """Ask for the words first .. end - 1 of a row."""
    for word in range(first, end, CACHE_LINE_WORDS):
        _prefetch(words, row, word)
