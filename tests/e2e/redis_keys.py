"""All that Redis holds of a group, for tests that look for what must not be there."""

from typing import Any


class Keys:
    """All that Redis holds of the group."""

    def __init__(self, client: Any, group: str):
        self._client = client
        self._group = group

    def that_mention(self, text: str) -> list[str]:
        keys = self._client.scan_iter(f"{self._group}:*")
        return sorted(key.decode() for key in keys if text.encode() in key + self._content(key))

    def _content(self, key: bytes) -> bytes:
        match self._client.type(key):
            case b"hash":
                return b" ".join(part for pair in self._client.hgetall(key).items() for part in pair)
            case b"set":
                return b" ".join(self._client.smembers(key))
            case b"zset":
                return b" ".join(self._client.zrange(key, 0, -1))
            case b"list":
                return b" ".join(self._client.lrange(key, 0, -1))
            case b"stream":
                return b" ".join(name for _, fields in self._client.xrange(key) for name in fields.values())
            case _:  # also a key that is gone since it was found, as an outbox is once it is published
                return bytes(self._client.get(key) or b"")
