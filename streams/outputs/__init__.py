"""What we say of a change, as it is read again.

wording.py   a change in words, for people who watch
"""
