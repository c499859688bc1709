"""What `segmenter dev` runs: a simulated company on this machine, and the screen that shows it.

stack.py            all of it, started in order and stopped in the other
child.py            a Python process beside us; processes.py: what those do, a worker and whoever compiles its engine
simulator.py        a self-serve SaaS company that publishes what its people.py do
player.py           days played in seconds, on the virtual time of clock.py
screen_state.py     what went in and what came out, of the rules that are featured.py
view.py             how it is shown: by screen.py in a terminal, by lines.py elsewhere
saved_rules.py      rules run as they are saved, with every message switched_on.py
environment.py      what another terminal needs to know
"""
