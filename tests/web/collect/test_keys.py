"""Write keys: what may be configured, and that none is ever shown."""

import pytest

from streams.errors import UsageError
from streams.settings import Settings
from streams.web.collect.keys import WriteKeys


def keys(**settings: str) -> WriteKeys:
    return WriteKeys.of(
        Settings.from_environment({f"SEGMENTER_{name.upper()}": text for name, text in settings.items()})
    )


def test_a_key_has_a_name_and_a_name_may_have_several_keys() -> None:
    found = keys(write_keys="web:KEY, web:NEXT,\nserver:OTHER")
    assert [found.name_of(key) for key in ("KEY", "NEXT", "OTHER", "web")] == ["web", "web", "server", None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SECRET", "entry 1 is not a name and a key such as web:KEY"),
        ("web:", "entry 1 is not"),
        ("web:SECRET,two words:SECRET", "entry 2 is not"),
        ("web:SECRET,server:SECRET", "entry 2, server, has the key of another"),
    ],
)
def test_what_is_wrong_is_told_without_a_key(text: str, said: str) -> None:
    with pytest.raises(UsageError) as told:
        keys(write_keys=text)
    assert f"SEGMENTER_WRITE_KEYS: {said}" in str(told.value)
    assert "SECRET" not in str(told.value)


def test_no_key_is_shown() -> None:
    settings = Settings.from_environment({"SEGMENTER_WRITE_KEYS": "web:K-123"})
    assert "K-123" not in repr(WriteKeys.of(settings)) + repr(settings) + str(settings.rows())


def test_where_others_reach_it_there_must_be_a_key() -> None:
    assert keys().name_of("any") == ""
    with pytest.raises(UsageError, match="SEGMENTER_WRITE_KEYS"):
        keys(web="0.0.0.0:80")


@pytest.mark.parametrize("origins", ["web:app.example.com", "web:https://a.example/path", "other:https://a.example"])
def test_origins_that_cannot_be_meant_are_told(origins: str) -> None:
    with pytest.raises(UsageError, match="SEGMENTER_WRITE_KEY_ORIGINS"):
        keys(write_keys="web:KEY", write_key_origins=origins)
