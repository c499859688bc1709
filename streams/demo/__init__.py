"""What `segmenter dev` runs: a simulated company on this machine, and the screen that shows it.

stack.py            a broker, a Redis and a worker, started in order and stopped in the other
worker_process.py   the worker, in a process of its own, on the virtual time of clock.py
simulator.py        a self-serve SaaS company that publishes what its people.py do
player.py           days played in seconds
screen_state.py     what went in and what came out; screen.py: how it is shown
"""
