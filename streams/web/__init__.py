"""HTTP: one process whose parts are switched on alone (`segmenter web --parts ..`).

    app.py       READ FIRST: the parts that are on, behind one address
    parts.py     every part, a row each
    server.py    listens, until it is told to stop; stopping.py: who holds a stream open hears of it
    connections.py  whose requests begin within bounds
    bodies.py    which are read within bounds
    proxies.py   whose request it is, behind a proxy
    rates.py     how much one sender may send
    access.py    who asks, and what they may
    cors.py      pages of other origins
    paths.py     resources by their exact path; numbers.py: numbers as strangers write them
    refusal.py   what ends a request before it is done
    metrics.py   what is counted
    collect/     a part: events in
    feed/        a part: messages out to browsers
    dashboard/   a part: the pages; api/: the same as JSON; views/: what both show
    company/     the app of the company of `segmenter dev`
    health.py    whether it can do its work
    answers.py   what every resource answers with

No part holds state that Kafka or Redis has not: to serve more, start more.
"""
