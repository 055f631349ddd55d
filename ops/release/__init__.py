"""Hot release: install a version, let it answer in the shadow, promote it, watch it, roll it back.

`repository` puts files where the server reads them, `server` has them loaded, `release` takes the steps and writes them
to triage.models.v1, `evidence` reads a gate's report. One record changes which version is live, and nothing else does.
"""
