"""From changes to messages: **pure**. Changes and the time go in, decisions come out.

feed.py   a user's feed: what stands in it, what came since, what its user did
"""
