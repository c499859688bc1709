"""Where everything lies: in the program, in the kernel's space, in a transition; and what the codes in them mean.

A program is one flat array of words, in which everything is found by its address, the place where it begins:

    header      at the fixed places below
    list        how many, then the addresses themselves
    value code  how many instructions, then each: what, where, bits of a number; postfix, over a small stack
    condition   how many instructions, then each: what, where; postfix, over the truths of leaves
    options     of `in`: their kind, how many, then the bits of each
    record      a leaf, rule, ring, window, class, score or the edges of one: words at the offsets below

A row begins with the words at ROW; where its features lie is the catalog's to say.
"""

NEVER = -(2**63)  # an instant that has not been
FAR = 2**62  # an instant that will not come

# The words that every row begins with.
CLOCK, FIRST_SEEN, NEWEST_ACTIVITY, IDS = 0, 1, 2, 3
FEWEST_IDS, MOST_IDS = 16, 1_024  # of the subject's last accepted ids, among which a repeat is known
WORDS_PER_RULE = 2  # since when; ordinal and level

# Header.
UTC_OFFSET, LEAF_COUNT = 0, 1  # ms; how many leaves
RULES, RINGS, EVERYTHING = 2, 3, 4  # list of rules by name; list of rings; the class that touches everything
ORDER, EVERY_RULE, RULE_SET_WORDS = 5, 6, 7  # list of rules, each after those it reads; set of all; words of a set
TIME_DRIVEN, BLOCKED = 8, 9  # in a row: the sets of rules whose level time alone may change; that it cannot enter
# Places in the kernel's space.
STACK, NOW, WAS, LEVEL_BEFORE, DIRTY, CAPTURED, LEAF_FLIPPED, EVENTS, RANKS = range(10, 19)
LEVELS_HELD, SHOWN, INCLUDED = 19, 20, 21  # places in a transition
DAYS = 22  # list of when each day from 1970 on begins, in ms; 0 where UTC_OFFSET says it
HAS_GATES = 23  # whether scores are read of those only who are scored
HEADER_WORDS = 24
# Rule set: a bit for each rule, by its place in ORDER; so many in a word that it stays positive. In the program: how
# many words have any, then the place of each and its bits.
RULES_A_WORD = 63
# Kinds of values.
MISSING, NUMBER, TEXT, BOOLEAN, LIST = range(5)
# Instructions: what each pushes; or does to the two values on top; or to the value, or the scores, on top.
INSTRUCTION, WHERE, LITERAL_BITS = 3, 1, 2
# ELAPSED_AT_EPOCH, IDLE_AT_EPOCH: as of 1970, whatever the instant.
LITERAL, TOTAL, SUM, EXTREME, TRAIT, ELAPSED, IDLE, ELAPSED_AT_EPOCH, IDLE_AT_EPOCH = range(9)
# GATE: missing at level 0 of a rule.
ADD, SUBTRACT, MULTIPLY, DIVIDE, SCORE, DIGITS, NAME, GATE = range(9, 17)
PUSH_LEAF, AND, OR, NOT, PUSH_TRUTH = range(5)
# Leaf. OPERATOR: of a comparison; 1 for `not in`; the rule of IN_SEGMENT. READS: how many windows, then ring, window.
# IF_NOT, IF_SO: the truth to note where it does not hold, and where it does. RIGHT of HAS: the word that says so.
# SCORES: how many scores that time may change, then each. READERS, of a leaf and of a rule: the set of rules that it
# matters to.
INDEX, KIND, OPERATOR, TIME_DEPENDENCE, LEFT, RIGHT, OPTIONS, READS, IF_NOT, IF_SO, SCORES, READERS = range(12)
# What time alone does to a leaf: nothing; it flips once, where two lines cross; it flips once, as a count decays; it
# may flip, again and again, where windows and scores step; the same, and where lines cross (`flip_times.next_flip`).
CONSTANT, LINEAR, DECAYING, STEPWISE, MIXED = range(5)
COMPARE, WITHIN, TRUTH, HAS, IS_MISSING, IN_SEGMENT = range(6)
# A truth, in bits: whether it holds now; and, whatever time does as long as no event comes, always; ever.
HOLDS, ALWAYS, EVER = 1, 2, 4
NO, YES = 0, HOLDS | ALWAYS | EVER
LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, UNEQUAL = range(6)
# Rule. INDEX too; WORD: of the row, since when, then ordinal and level; EXIT is 0 where there is none. LEVELS: list of
# the conditions of a tier's levels, 0 of a segment. EDGES: a record of the scores whose grid the tier is, else 0.
# SET_WORD, SET_BIT: the rule's own in a set; then READERS. NEEDED: list of the leaves without which nobody enters, as
# only events flip them. AMONG: the condition without which a tier gives no level, 0 where there is none.
WORD, ENTER, EXIT, MIN_STAY, LEVELS, EDGES, LEAVES, INCLUDES, SET_WORD, SET_BIT = range(1, 11)
NEEDED, AMONG, RULE_WORDS = 12, 13, 14
# The level, below the ordinal: 0 is out, or none yet; members of a segment have 1, levels of a tier count from 1.
LEVEL_BITS = 8
LEVEL = (1 << LEVEL_BITS) - 1
# Edges of a score: the instant from which on the later four hold; the four before it.
SINCE, EDGES_BEFORE, EDGES_NOW, EDGES_WORDS = 0, 1, 5, 9
# Score: where its edges are; the code of the value that is scored; whether that is recency, of which less is better.
VALUE, IS_RECENCY, SCORED_WORDS = 1, 2, 3
# Ring and window. STATISTIC: what its buckets hold.
IS_DAYS, STATISTIC, PLACE, LENGTH, WINDOWS = range(5)
COUNTS, SUMS, LEAST, GREATEST = range(4)
SPAN, BEFORE, TOTAL_WORD, COUNTS_BUCKETS = range(4)
# Class: what events of one name, active or not, touch. A touch: what, the word or the ring, the column of the number or
# of the bucket that a value moves from, and the column that says whether the event is meant (-1: it always is).
# MEASURED: list of measured values; ALONE: list of the other leaves; ADVANCED: list of the leaves, of both, whose next
# flip by time alone an event may bring nearer although it does not flip them.
TOUCHES, MEASURED, ALONE, ADVANCED = range(4)
# Measured: the code of a value, and the list of the leaves that compare it with constants. Captured before an event:
# its bits and kind.
CODE, COMPARED, CAPTURED_WORDS = 0, 1, 2
TOUCH_WORDS = 4
NEWEST, TALLY, BUCKET, AMOUNT, MOVE = range(5)
# A transition.
ROW, RULE, AT, CAUSE, OCCURRENCE, ORDINAL, NEW_LEVEL, OLD_LEVEL, TRANSITION_WORDS = range(9)
SHOWN_WORDS = 4  # of a leaf: bits and kind of its value, its truth before and now
INCLUDED_WORDS = 2  # of a trait: bits and kind
