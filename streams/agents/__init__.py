"""Glue in the order of a message's path: `admit`, then `assess`. Agents don't import each other."""
