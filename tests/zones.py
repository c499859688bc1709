"""Time zones as the standard library has them, by the names that the setting `timezone` takes, for the judge."""

from datetime import UTC, datetime, tzinfo

from streams.calendars import zone


def zone_of(timezone: str) -> tzinfo:
    """
    >>> str(zone_of("-08:00")), str(zone_of("Asia/Kathmandu"))
    ('UTC-08:00', 'Asia/Kathmandu')
    """
    if timezone == "UTC":
        return UTC
    if timezone[0] not in "+-":
        return zone(timezone)
    fixed = datetime.fromisoformat(f"1970-01-01T00:00{timezone}").tzinfo
    assert fixed is not None
    return fixed
