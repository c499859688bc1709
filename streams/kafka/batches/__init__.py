"""Record batches: the bytes of a fetch to records, and to what of it cannot be read.

reader.py       READ FIRST: what one fetch brought of one partition, batch by batch
version_2.py    the records of a batch as brokers write it since 0.11
versions_0_1.py the messages of before, which old segments still have
compression.py  the codecs, and how much may come out of them
record.py       a record, and what cannot be read, with the reason

All of it is a function of bytes. Whatever they are, something is given back and the next fetch begins further on:
damage is a value with a reason (`Unreadable`), which becomes a dead letter; what stands before and after it is read.
"""
