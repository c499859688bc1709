"""Records as text: fields and values that are likely, where they may not belong; and bytes that are no record."""

import json

from hypothesis import strategies as st

FIELDS = (
    *("type", "messageId", "userId", "anonymousId", "event", "name", "groupId", "properties", "traits", "context"),
    *("timestamp", "originalTimestamp", "sentAt", "receivedAt", "object", "a", "b", "mrr", "active", "subscription_id"),
)
KNOWN = ("track", "page", "identify", "group", "alias", "billing", "E", "Subscription Started", "2026-01-01", "u-1")
NUMBERS = ("0", "-1", "1.5", "1e999", "-1e400", "1577836800", "1" * 400, "1" * 5_000, "1e-999", "-0.0", "NaN", "01")
TEXTS = ('"\\ud800"', '"\\ud83d\\ude00"', '"\\udc00\\ud800"', '"\\u0000"', '"é"', '"\\x"', '""')

leaves = st.one_of(
    st.sampled_from((*NUMBERS, *TEXTS, "null", "true", "false")),
    st.sampled_from(KNOWN).map(json.dumps),
    st.text(max_size=5).map(json.dumps),
)


def written(pairs: list[tuple[str, str]]) -> str:
    """A JSON object as text, with names that may come twice."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"


values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(st.sampled_from(FIELDS), inner), max_size=4).map(written),
    ),
    max_leaves=6,
)
likely = st.tuples(st.just("type"), st.sampled_from(KNOWN[:6]).map(json.dumps))
bodies = st.builds(
    lambda *parts: written([*parts[:-1], *parts[-1]]),
    likely,
    st.tuples(st.just("event"), st.sampled_from(('"E"', '"Subscription Started"'))),
    st.tuples(st.just("userId"), st.just('"u-1"')),
    st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=6),
)
noise = st.one_of(st.binary(max_size=30), bodies.map(lambda text: text.encode(errors="surrogatepass")))
