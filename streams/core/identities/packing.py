"""The text of a record that waits under an alias, in a third of its bytes: most of what browsers say they all say.

Comes in: a record as `kept` writes it. Goes out: the same with how it begins as it was, and the rest as raw DEFLATE
(RFC 1951), behind a mark; and back. Whoever packs and whoever unpacks have the same dictionary, of what records of
browsers have in common: it is part of the format. Another one would need another mark.
"""

import zlib
from typing import Final

MARK: Final = b"~"  # no JSON has it behind a value, and no topic in its name
SHORT: Final = 256  # bytes, below which little is to be had
# What is likeliest stands last, as that is told by the fewest bits.
DICTIONARY: Final = (
    b'","campaign.term":"","campaign.content":"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 '
    b"Safari/604.1Firefox/125.0 Gecko/20100101Edg/Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)(iPad; CPU OS "
    b"Mozilla/5.0 (Linux; Android 10; K)(Macintosh; Intel Mac OS X 10_15_7)(X11; Linux x86_64)Mozilla/5.0 (Windows NT "
    b"10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
    b'","page.referrer":"https://www.google.com/","page.search":"?utm_source=google&utm_medium=cpc&utm_campaign='
    b'","page.title":"","page.url":"https://www.{"library.name":"analytics.js","library.version":"next-1.","locale":"'
    b'en-US","timezone":"America/New_YorkEurope/","ip":"","userAgent":"","campaign.source":"google","campaign.medium":"'
    b'cpc","campaign.name":"","page.path":"/["","Page Viewed",true,"{"path":"/","referrer":"","search":"","title":"",'
    b'"url":"https://www."},{},false,0,null,'
)
WINDOW_BITS: Final = -12  # 4 KiB, as much as a record has; no header
MEMORY_LEVEL: Final = 5
QUICKEST: Final = 1


def pack(raw: bytes) -> bytes:
    """The same, where that is shorter. What tells the state of a subscription stays as it is: no browser sends it."""
    end = _end_of_head(raw)
    if len(raw) <= SHORT or not end:
        return raw
    packer = zlib.compressobj(QUICKEST, zlib.DEFLATED, WINDOW_BITS, MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    packed = b"".join((raw[:end], MARK, packer.compress(raw[end + 1 : -1]), packer.flush()))
    return packed if len(packed) < len(raw) else raw


def unpack(raw: bytes) -> bytes:
    end = _end_of_head(raw)
    if not end or raw[end : end + 1] != MARK:
        return raw
    return b"%b,%b]" % (raw[:end], zlib.decompressobj(WINDOW_BITS, DICTIONARY).decompress(raw[end + 1 :]))


def head(raw: bytes) -> bytes:
    """How a record begins, packed or not: its number is in it."""
    end = _end_of_head(raw)
    return raw[:end] + b"]" if end else raw


def _end_of_head(raw: bytes) -> int:
    """Where its place ends, before the event; 0 where it tells a state, whose name may be anything."""
    return raw.index(b"]") + 1 if raw.startswith(b"[null") else 0
