"""The outside world behind the protocols of `streams.ports`."""
