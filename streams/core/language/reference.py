"""The reference of the rule language, in Markdown.

Comes in: the vocabulary. Goes out: each word with its meaning and an example, as `segmenter check --language` prints
them and as `docs/rules.md` holds them.
"""

from collections.abc import Iterable, Iterator

from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES, Clock, Signature, Word


def reference() -> str:
    sections = {
        "Functions": "\n\n".join(map(_function, FUNCTIONS.values())),
        "Options of functions": _table((f"{name}=", word) for name, word in OPTIONS.items()),
        "Names that stand for a time": _table(CLOCKS.items()),
        "Scores of a file `rfm.yaml`": _table((f"rfm.{part}", word) for part, word in SCORES.items()),
    }
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in sections.items()) + "\n"


def _function(function: Signature) -> str:
    takes = f" Options: {', '.join(f'`{option}=`' for option in function.options)}." if function.options else ""
    meaning = f"{function.meaning[0].upper()}{function.meaning[1:]}.{takes}"
    return f"#### `{function.usage}`\n\n{meaning}\n\n```python\n{function.example}\n```"


def _table(words: Iterable[tuple[str, Clock | Word]]) -> str:
    return "\n".join(_rows(words))


def _rows(words: Iterable[tuple[str, Clock | Word]]) -> Iterator[str]:
    yield "| word | meaning | such as |"
    yield "| --- | --- | --- |"
    for name, word in words:
        yield f"| `{name}` | {word.meaning} | `{word.example}` |"
