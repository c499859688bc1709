"""HTTP: one process whose parts are switched on alone (`segmenter web --parts ..`).

    app.py       READ FIRST: the parts that are on, behind one address
    parts.py     every part, a row each
    server.py    listens, until it is told to stop
    health.py    whether it can do its work
    answers.py   what every resource answers with

No part holds state that Kafka or Redis has not: to serve more, start more.
"""
