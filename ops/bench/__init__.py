"""Measurements: each prints the figures that a document quotes."""
