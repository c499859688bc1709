"""The kernel as machine code: the functions of `streams.core.kernel`, compiled by numba.

Without this package they run as they are, some hundred times slower: right for one profile, or a few thousand events.

later.py      as they are at first, compiled once that pays; asks for numba only then
build.py      compiled now, with word of how far it is; imports numba, which takes a third of a second
pipeline.py   how numba compiles them: the whole at once
prefetch.py   the one instruction that Python has no word for
warm_up.py    every part of the engine is called once
cache.py      numba's way to code.py: where the code is kept, so that a machine compiles once
"""
