"""Sends by RudderStack's SDK for Python."""

import functools
import os

import backoff
import rudderstack.analytics as analytics
from events import events, person

analytics.write_key = os.environ["KEY"]
analytics.dataPlaneUrl = os.environ["URL"]
analytics.max_retries = 1_000
# It would wait for up to twice as long each time, be it for hours.
backoff.expo = functools.partial(backoff.expo, max_value=5)
for user, event, properties in events():
    analytics.track(user, event, properties)
for call, said in person():
    getattr(analytics, call)(**said)
analytics.shutdown()
