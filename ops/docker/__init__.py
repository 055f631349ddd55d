"""The same stack in containers: images, their start programs, and a check of the whole.

`docker-compose.yml` at the top level puts it together; docs/how-to/docker.md says how it is used.
"""
