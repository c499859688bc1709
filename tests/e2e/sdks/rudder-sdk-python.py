"""Sends by RudderStack's SDK for Python."""

import os

import rudderstack.analytics as analytics
from events import events, person

analytics.write_key = os.environ["KEY"]
analytics.dataPlaneUrl = os.environ["URL"]
analytics.max_retries = 100
for user, event, properties in events():
    analytics.track(user, event, properties)
for call, said in person():
    getattr(analytics, call)(**said)
analytics.shutdown()
