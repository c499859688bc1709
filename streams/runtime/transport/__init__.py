"""Kafka under Faust: what one fetch brings is one message, what a checkpoint tells is one batch.

transport.py  READ FIRST: Faust's consumer, with one message for all that a fetch brought from one partition
fetching.py   the thread in which that consumer lives, and what it fetches
producing.py  Faust's producer, a batch at a time
driver.py     what both know of settings and broker

Inner parts of aiokafka and Faust are used here; pyproject.toml bounds their versions for that.
"""
