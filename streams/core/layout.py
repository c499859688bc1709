"""Where everything lies: in the program, in the kernel's space, in a line of flips; and what the codes in them mean.

A program is one flat array of words, in which everything is found by its address, the place where it begins:

    header      at the fixed places below
    list        how many, then the addresses themselves
    value code  how many instructions, then each: what, where, bits of a number; postfix, over a small stack
    condition   how many instructions, then each: what, where; postfix, over the truths of leaves
    options     of `in`: their kind, how many, then the bits of each
    record      a leaf, rule, ring, window or class: words at the offsets below

A row's own layout is the catalog's.
"""

NEVER = -(2**63)  # an instant that has not been
FAR = 2**62  # an instant that will not come

# Header.
UTC_OFFSET, LEAF_COUNT = 0, 1  # ms; how many leaves
RULES, RINGS, EVERYTHING = 2, 3, 4  # list of rules by name; list of rings; the class that touches everything
STACK, NOW, WAS, FLIPS, FLIPPED, RANKS = range(5, 11)  # places in the kernel's space
MEMBERS, SHOWN, INCLUDED = 11, 12, 13  # places in a line of flips
HEADER_WORDS = 14
# Kinds of values.
MISSING, NUMBER, TEXT, BOOLEAN, LIST = range(5)
# Instructions: what each pushes, or does to the two values on top.
INSTRUCTION, WHERE, CONSTANT_BITS = 3, 1, 2
CONSTANT, TOTAL, SUM, TRAIT, ELAPSED, IDLE, ADD, SUBTRACT, MULTIPLY, DIVIDE = range(10)
PUSH_LEAF, AND, OR, NOT, PUSH_TRUTH = range(5)
# Leaf. OPERATOR: of a comparison; 1 for `not in`; the rule of IN_SEGMENT. READS: how many windows, then ring, window.
# IF_NOT, IF_SO: the truth to note where it does not hold, and where it does.
INDEX, KIND, OPERATOR, NATURE, LEFT, RIGHT, OPTIONS, READS, IF_NOT, IF_SO = range(10)
# What time alone does to a leaf: nothing; it flips once, where two lines cross; it flips once, as a count fades; it
# may flip at the instants that `crossings.next_flip` finds, again and again.
STEADY, LINE, FADING, RESTLESS = range(4)
COMPARE, WITHIN, TRUTH, IS_MISSING, IN_SEGMENT = range(5)
# A truth, in bits: whether it holds now; and, whatever time does as long as no event comes, always; ever.
HOLDS, ALWAYS, EVER = 1, 2, 4
NO, YES = 0, HOLDS | ALWAYS | EVER
LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, UNEQUAL = range(6)
# Rule. INDEX too; WORD: of the row, since when, then ordinal * 2 + membership; EXIT is 0 where there is none.
WORD, ENTER, EXIT, MIN_STAY, LEAVES, INCLUDES = range(1, 7)
RULE_WORDS = 7
# Ring and window.
IS_DAYS, IS_SUMS, PLACE, LENGTH, WINDOWS = range(5)
SPAN, BEFORE, TOTAL_WORD, COUNTS_BUCKETS = range(4)
# Class: what events of one name, active or not, touch. A touch: what, the word or the ring, the column of the number.
TOUCHES, CLASS_LEAVES, CLASS_RULES = range(3)
TOUCH_WORDS = 3
NEWEST, TALLY, BUCKET, AMOUNT = range(4)
# A line of flips.
ROW, RULE, AT, CAUSE, OCCURRENCE, ORDINAL, ENTERED, LINE_WORDS = range(8)
SHOWN_WORDS = 4  # of a leaf: bits and kind of its value, its truth before and now
INCLUDED_WORDS = 2  # of a trait: bits and kind
