"""Glue in the order of a message's path: `admit`, `assess`, then `learn`. Agents don't import each other."""
