"""Shows that tests notice: takes a repair out of the code, and sees its test fail.

The list is `engine.toml`. Does not search for weaknesses by itself, as mutation testers do.
"""
