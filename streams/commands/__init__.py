"""What the command `segmenter` does, a file a command; `streams.cli` puts them together.

    worker     run the rules over Kafka             replay        the same over files, without Kafka
    deliver    changes into messages                deliveries    what was decided about a user's messages
    web        serve HTTP                           backtest      what rules would have done, over a history
    dev        a whole company on this machine      publish       files into the topics
    watch      changes as they happen               explain       why somebody is in a segment
    init       a folder of one's own rules          check         are the rules right?
    test       do they do what their stories tell?  members       who is in a segment
    erase      all that is kept of a user           merge         two users into one
    links      whose an alias is                    dead_letters  records that could not be used
    topics     create and verify the topics         compile       the engine, ahead of its first use
    settings   every setting with its value         rules         which are live, and what they cost: with rules_plan
                                                                  and rules_history, what changes them

`options` makes their flags from the settings, `params` reads what stands behind a flag, `in_force` has the rules that a
command goes by, `engine` is compiled only where that pays. What commands do is in the packages below, `admin`,
`eventfiles` and `testing` among them; what they print is made in `terminal`.

What is slow to import (numba, faust, aiokafka, redis) is imported where a command runs, never on top.
"""
