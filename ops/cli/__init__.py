"""The one command line, `triage`."""
