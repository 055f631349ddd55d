"""Training texts in other words: translated there and back once, ahead of training, and drawn in its epochs.

guards.py       which paraphrases are discarded, as they no longer say what the text says
files.py        the file of paraphrases, by the hash of their text
translators.py  a translation model of the user's own
making.py       from training rows to the file
using.py        the rows of a run with what its file has for them, and what its record says of it
"""
